package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// deepPage is the page that is compared with the first one, pageSize how many rows each has, stride how many are passed
// over at a time on the way there.
const (
	deepPage = 10_000
	pageSize = 20
	stride   = 200
)

// pages compares page 10,000 of a list with its first page, on the production server alone: keyset pagination (a condition on
// an index, no OFFSET) promises that they cost the same.
func (s *stack) pages(ctx context.Context, o options, into *result) error {
	d, err := s.deepTenant(ctx)
	if err != nil {
		return err
	}
	at, err := s.cursorOf(ctx, d, (deepPage-1)*pageSize)
	if err != nil {
		return err
	}
	path := "/v1/users?sort=displayName&limit=" + strconv.Itoa(pageSize)
	first, deep := page("page 1", path), page("page 10000", path+"&cursor="+url.QueryEscape(at))
	var ratios []float64
	for round := range o.rounds + 1 {
		var rates [2]float64
		turns := [2]int{round % 2, 1 - round%2}
		for _, i := range turns {
			sample, err := load(ctx, s.ours, [2]operation{deep, first}[i], d, o.concurrency, o.round)
			if err != nil {
				return err
			}
			rates[i] = sample.rate()
		}
		if round > 0 { // the first fills caches
			ratios = append(ratios, rates[0]/rates[1])
		}
	}
	into.DeepPage = median(ratios)
	return nil
}

// page is the operation that reads the list at path.
func page(name, path string) operation {
	return operation{name, 200, func(buf []byte, d *data, _ *rand.Rand) []byte {
		return head(append(append(buf, "GET "...), path...), &d.tenants[0])
	}}
}

// deepTenant adds a tenant with a page more than deepPage.
func (s *stack) deepTenant(ctx context.Context) (*data, error) {
	conn, err := pgx.Connect(ctx, s.cluster.OwnerURL(database))
	if err != nil {
		return nil, fmt.Errorf("connect as owner: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	t := tenant{id: uuid.Must(uuid.NewV7())}
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO core.tenants (id, name, slug, status, version, created_at, updated_at) VALUES ($1, 'Deep', 'deep', 'active', 1, now(), now())`, []any{t.id}},
		{`INSERT INTO core.users (tenant_id, id, email, display_name, status, version, created_at, updated_at)
			SELECT $1, gen_random_uuid(), 'person' || n || '@deep.example', 'Person ' || lpad(n::text, 7, '0'), 'active', 1, now(), now()
			FROM generate_series(1, $2::int) n`, []any{t.id, (deepPage + 1) * pageSize}},
		{`INSERT INTO core.roles (tenant_id, id, name, permissions, version, created_at, updated_at)
			VALUES ($1, gen_random_uuid(), 'Administrator', ARRAY['*'], 1, now(), now())`, []any{t.id}},
		{`INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
			SELECT $1, gen_random_uuid(), u.id, r.id, now(), 1, now(), now()
			FROM core.roles r, core.users u WHERE r.tenant_id = $1 AND u.tenant_id = $1 AND u.email = 'person1@deep.example'`, []any{t.id}},
		{`VACUUM ANALYZE core.users`, nil},
	} {
		if _, err := conn.Exec(ctx, statement.sql, statement.args...); err != nil {
			return nil, fmt.Errorf("fill the deep tenant: %w\n%s", err, statement.sql)
		}
	}
	if err := conn.QueryRow(ctx, `SELECT user_id FROM core.user_roles WHERE tenant_id = $1`, t.id).Scan(&t.admin); err != nil {
		return nil, fmt.Errorf("find the deep tenant's administrator: %w", err)
	}
	if t.token, err = s.issuer.Token(devissuer.TokenRequest{TenantID: t.id, UserID: t.admin}); err != nil {
		return nil, err
	}
	return &data{tenants: []tenant{t}}, nil
}

// cursorOf walks the list over so many rows and returns the cursor behind them.
func (s *stack) cursorOf(ctx context.Context, d *data, rows int) (string, error) {
	c, err := dial(ctx, s.ours.addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.conn.Close() }()
	at := ""
	for left := rows; left > 0 && ctx.Err() == nil; {
		limit := min(left, stride)
		path := fmt.Sprintf("/v1/users?sort=displayName&limit=%d", limit)
		if at != "" {
			path += "&cursor=" + url.QueryEscape(at)
		}
		if err := c.do(page("walk", path), d); err != nil {
			return "", err
		}
		var answer struct {
			Data       []json.RawMessage `json:"data"`
			NextCursor *string           `json:"nextCursor"`
		}
		if err := json.Unmarshal(c.body.Bytes(), &answer); err != nil {
			return "", err
		}
		if answer.NextCursor == nil || len(answer.Data) != limit {
			return "", fmt.Errorf("the list ends after %d rows, %d before the page", rows-left+len(answer.Data), left-len(answer.Data))
		}
		at, left = *answer.NextCursor, left-limit
	}
	return at, ctx.Err()
}
