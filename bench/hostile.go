package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// hostile is the tenant that does its worst.
type hostile struct {
	stack *stack
	id    uuid.UUID
	// tokens of its administrator, of a person with no permission and nobody below, and of the manager of most others.
	admin, ordinary, manager string
	someone                  uuid.UUID // a user of it, whose row is fought over
	http                     *http.Client
}

// attack is one way to hurt others. Run goes on until its context ends and counts the answers by status.
type attack struct {
	name, what string
	waits      bool
	run        func(context.Context) map[string]int
}

func newHostile(ctx context.Context, s *stack, o soakOptions) (*hostile, error) {
	h := &hostile{stack: s, id: s.data.tenants[0].id, admin: s.data.tenants[0].token, someone: s.data.tenants[0].managers[0]}
	h.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 400, DisableCompression: true}, Timeout: 40 * time.Second}
	conn, err := pgx.Connect(ctx, s.cluster.OwnerURL(database))
	if err != nil {
		return nil, err
	}
	s.owner = conn
	// Person n reports to person n/20, and all of them to the manager; the ordinary person has nobody.
	const person = `(lpad(to_hex($2::int), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO core.users (tenant_id, id, email, display_name, status, manager_id, version, created_at, updated_at)
			SELECT $1, ` + person + `, 'soak' || n || '@hostile.example', 'Soak Person ' || n, 'active', NULL, 1, now(), now() FROM generate_series(1, $3) n`, []any{h.id, 1, o.users}},
		{`UPDATE core.users SET manager_id = (lpad(to_hex($2::int), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(greatest(1, n / 20)), 12, '0'))::uuid
			FROM generate_series(2, $3 - 1) n WHERE tenant_id = $1 AND id = ` + person, []any{h.id, 1, o.users}},
		{`INSERT INTO core.roles (tenant_id, id, name, description, permissions, version, created_at, updated_at)
			SELECT $1, ` + person + `, 'Heavy ' || n, repeat('"', 9000), ARRAY['users:read'], 1, now(), now() FROM generate_series(1, 40) n`, []any{h.id, 2}},
		{`INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
			SELECT $1, gen_random_uuid(), u.id, r.id, now(), 1, now(), now()
			FROM (SELECT id FROM core.users WHERE tenant_id = $1 ORDER BY id LIMIT 400) u, (SELECT id FROM core.roles WHERE tenant_id = $1 AND name LIKE 'Heavy%') r`, []any{h.id}},
		{`INSERT INTO core.idempotency_keys (tenant_id, id, scope, key, request, answer, created_at)
			SELECT $1, gen_random_uuid(), 'users.create', 'old' || n, repeat('0', 64), '{}', now() - interval '2 days' FROM generate_series(1, $2) n`, []any{h.id, o.keys}},
		{`VACUUM ANALYZE`, nil},
	} {
		if _, err := conn.Exec(ctx, statement.sql, statement.args...); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, statement.sql)
		}
	}
	for number, token := range map[int]*string{1: &h.manager, o.users: &h.ordinary} {
		id := uuid.MustParse(fmt.Sprintf("00000001-0000-7000-8000-%012x", number))
		if *token, err = s.issuer.Token(devissuer.TokenRequest{TenantID: h.id, UserID: id}); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *hostile) attacks() []attack {
	users := "/v1/users"
	body := func(n int) string {
		return fmt.Sprintf(`{"email":"%s%d@hostile.example","displayName":"Soak"}`, uuid.NewString(), n)
	}
	return []attack{
		{"keys", "keyed POSTs while expired idempotency keys are there", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 12, func(n int) call { return call{"POST", users, h.admin, body(n), uuid.NewString()} })
		}},
		{"answers", "pages with forty large roles under each user", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 20, func(int) call { return call{"GET", users + "?limit=200&expand=roles", h.admin, "", ""} })
		}},
		{"readers", "the same, and nobody takes the answer", true, func(ctx context.Context) map[string]int {
			return h.slow(ctx, 300, func() string {
				return "GET " + users + "?limit=200&expand=roles HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + h.admin + "\r\n\r\n"
			})
		}},
		{"bodies", "half-sent bodies of 1 MB by a person without a permission", true, func(ctx context.Context) map[string]int {
			return h.slow(ctx, 300, func() string { return halfSent(users, h.ordinary) })
		}},
		{"permitted", "the same by an administrator", true, func(ctx context.Context) map[string]int {
			return h.slow(ctx, 300, func() string { return halfSent(users, h.admin) })
		}},
		{"expand", "two levels of expansions over wide teams", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 20, func(int) call { return call{"GET", users + "?limit=200&expand=managedUsers.roles", h.admin, "", ""} })
		}},
		{"numbers", "numbers out of any range", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 50, func(int) call { return call{"GET", users + "?limit=1e400&createdAt[gte]=1e400", h.admin, "", ""} })
		}},
		{"searches", "300 searches at once", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 300, func(n int) call { return call{"GET", users + "?q=nobody" + strconv.Itoa(n), h.admin, "", ""} })
		}},
		{"locks", "300 PATCHes of one row", true, func(ctx context.Context) map[string]int { return h.fight(ctx) }},
		{"ordinary", "an ordinary person's lists and gets in a big tenant", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 12, func(n int) call {
				return call{"GET", []string{users, users + "?sort=displayName", users + "/" + h.someone.String()}[n%3], h.ordinary, "", ""}
			})
		}},
		{"manager", "a manager of everybody does the same", false, func(ctx context.Context) map[string]int {
			return h.flood(ctx, 12, func(n int) call {
				return call{"GET", []string{users, users + "?sort=displayName", users + "/" + h.someone.String()}[n%3], h.manager, "", ""}
			})
		}},
	}
}

// call is one request of the attacker.
type call struct{ method, path, token, body, key string }

// tally counts answers by status.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what]++
}

// refusedPause is how long the attacker waits after a refusal. It is rude: the server asks for a second or more. Without any
// pause it would be this process, on the same processor, that slows the neighbours down.
const refusedPause = 100 * time.Millisecond

// flood has so many clients send requests one after the other.
func (h *hostile) flood(ctx context.Context, clients int, next func(n int) call) map[string]int {
	t := &tally{counts: map[string]int{}}
	var wg sync.WaitGroup
	for first := range clients {
		wg.Go(func() {
			for n := first; ctx.Err() == nil; n += clients {
				status := h.send(ctx, next(n))
				t.add(status)
				if status == "429" || status == "503" {
					pause(ctx, refusedPause)
				}
			}
		})
	}
	wg.Wait()
	return t.counts
}

func (h *hostile) send(ctx context.Context, c call) string {
	request, err := http.NewRequestWithContext(ctx, c.method, "http://"+h.stack.ours.addr+c.path, strings.NewReader(c.body))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	response, err := h.http.Do(request)
	if err != nil {
		return "no answer"
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return strconv.Itoa(response.StatusCode)
}

// fight has 300 clients change one row, whose lock is held elsewhere for as long as a statement may wait, again and again.
func (h *hostile) fight(ctx context.Context) map[string]int {
	held, err := pgx.Connect(ctx, h.stack.cluster.OwnerURL(database))
	if err != nil {
		return map[string]int{err.Error(): 1}
	}
	defer func() { _ = held.Close(context.WithoutCancel(ctx)) }()
	if _, err := held.Exec(ctx, "BEGIN; SELECT FROM core.users WHERE id = '"+h.someone.String()+"' FOR UPDATE"); err != nil {
		return map[string]int{err.Error(): 1}
	}
	return h.flood(ctx, 300, func(n int) call {
		return call{"PATCH", "/v1/users/" + h.someone.String(), h.admin, fmt.Sprintf(`{"displayName":"Soak %d"}`, n), ""}
	})
}

// halfSent is a request of which half of the body is missing.
func halfSent(path, token string) string {
	const size = 1_000_000
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"email\":\"%s",
		path, token, size, strings.Repeat("x", size/2))
}

// slow has so many connections send something, and then neither send nor read. One that is cut off is opened anew.
func (h *hostile) slow(ctx context.Context, connections int, what func() string) map[string]int {
	t := &tally{counts: map[string]int{}}
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				t.add(h.hold(ctx, what()))
			}
		})
	}
	wg.Wait()
	return t.counts
}

// hold sends a text and says how the server ended it.
func (h *hostile) hold(ctx context.Context, text string) string {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", h.stack.ours.addr)
	if err != nil {
		return "no connection"
	}
	defer func() { _ = conn.Close() }()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := io.Copy(conn, strings.NewReader(text)); err != nil && ctx.Err() == nil {
		return "cut while sending"
	}
	// A second between reads of some bytes: whoever waits for more waits long.
	answer := make([]byte, 16)
	for first := ""; ; {
		n, err := conn.Read(answer)
		if first == "" && n >= 12 && bytes.HasPrefix(answer, []byte("HTTP/1.1 ")) {
			first = string(answer[9:12])
		}
		switch {
		case ctx.Err() != nil:
			return "held to the end"
		case errors.Is(err, io.EOF), err != nil:
			if first == "" {
				first = "cut"
			}
			return first
		}
		pause(ctx, time.Second)
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
