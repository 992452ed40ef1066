package idempotency

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Tables of the Postgres schema core that hold keys and answers: those of tenants, and of requests that belong to none. They have
// the columns id, scope, key, request, answer and created_at, the former tenant_id as well, and a unique index on scope and key.
const (
	TenantTable   = "idempotency_keys"
	PlatformTable = "platform_idempotency_keys"
)

// errNoTenant is returned for a tenant's request outside a tenant: the application's fence fails closed.
var errNoTenant = errors.New("idempotency: no tenant in the context: a tenant's keys are reachable inside that tenant only")

// table is where keys and answers are kept.
type table struct {
	tenantOwned bool
	// one and two are the statements for a key under so many scopes; see scopesOf.
	one, two statements
}

// statements name the tenant, where rows have one, beside row-level security: the fence in front of it, and the first column of the
// index.
type statements struct {
	insert string // key, request, created_at, scopes, ids, tenant
	finish string // answer, ids, tenant
	find   string // key, scopes, tenant
	remove string // key, created_at, scopes, tenant
}

var (
	tenantTable   = newTable(TenantTable, true)
	platformTable = newTable(PlatformTable, false)
)

func newTable(name string, tenantOwned bool) table {
	return table{tenantOwned, write(name, tenantOwned, 1), write(name, tenantOwned, 2)}
}

// write returns the statements of a key under that many scopes.
func write(name string, tenantOwned bool, scopes int) statements {
	name = `"core"."` + name + `"`
	parameters := func(first int) string {
		list := make([]string, scopes)
		for i := range list {
			list[i] = fmt.Sprintf("$%d", first+i)
		}
		return strings.Join(list, ", ")
	}
	column, fence := "", func(int) string { return "" }
	if tenantOwned {
		column = ", tenant_id"
		fence = func(parameter int) string { return fmt.Sprintf(" AND tenant_id = $%d", parameter) }
	}
	rows := make([]string, scopes)
	for i := range rows {
		rows[i] = fmt.Sprintf("($1, $2, $3, $%d, $%d", 4+i, 4+scopes+i)
		if tenantOwned {
			rows[i] += fmt.Sprintf(", $%d", 4+2*scopes)
		}
		rows[i] += ")"
	}
	return statements{
		insert: "INSERT INTO " + name + " (key, request, created_at, scope, id" + column + ") VALUES " + strings.Join(rows, ", "),
		finish: "UPDATE " + name + " SET answer = $1 WHERE id IN (" + parameters(2) + ")" + fence(2+scopes),
		find:   "SELECT scope, request, answer, created_at FROM " + name + " WHERE key = $1 AND scope IN (" + parameters(2) + ")" + fence(2+scopes),
		// It waits for nobody: a row that somebody holds stays.
		remove: "DELETE FROM " + name + " WHERE id IN (SELECT id FROM " + name + " WHERE key = $1 AND created_at < $2 AND scope IN (" +
			parameters(3) + ")" + fence(3+scopes) + " FOR UPDATE SKIP LOCKED)" + fence(3+scopes),
	}
}

// of are the statements for a request.
func (t *table) of(f first) *statements {
	if len(f.scopes) == 1 {
		return &t.one
	}
	return &t.two
}

// arguments appends the tenant of ctx to a statement's arguments, where rows have one.
func (t *table) arguments(ctx context.Context, args ...any) ([]any, error) {
	if !t.tenantOwned {
		return args, nil
	}
	scope, ok := pg.ScopeFrom(ctx)
	if !ok || scope.TenantID == uuid.Nil {
		return nil, errNoTenant
	}
	return append(args, scope.TenantID), nil
}

// begin stores the key without an answer, under each of its scopes, and returns the ids of the rows.
func (t *table) begin(ctx context.Context, to dialect.ExecQuerier, f first) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(f.scopes))
	args := append(make([]any, 0, 8), f.key, f.request, time.Now().UTC())
	for _, scope := range f.scopes {
		args = append(args, scope)
	}
	for i := range ids {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("make an id: %w", err)
		}
		ids[i] = id
		args = append(args, &ids[i])
	}
	args, err := t.arguments(ctx, args...)
	if err != nil {
		return nil, err
	}
	return ids, to.Exec(ctx, t.of(f).insert, args, nil)
}

// finish stores the answer in the rows that begin has made.
func (t *table) finish(ctx context.Context, to dialect.ExecQuerier, f first, ids []uuid.UUID, answer []byte) error {
	args := append(make([]any, 0, 4), answer)
	for i := range ids {
		args = append(args, &ids[i])
	}
	args, err := t.arguments(ctx, args...)
	if err != nil {
		return err
	}
	return to.Exec(ctx, t.of(f).finish, args, nil)
}

// remembered is a request that has been answered.
type remembered struct {
	scope   string
	request string
	answer  []byte // nil: what it tells of has been deleted
	since   time.Time
}

// find returns what is stored for the key, under any of its scopes.
func (t *table) find(ctx context.Context, in dialect.ExecQuerier, f first) (found []remembered, err error) {
	args := append(make([]any, 0, 4), f.key)
	for _, scope := range f.scopes {
		args = append(args, scope)
	}
	if args, err = t.arguments(ctx, args...); err != nil {
		return nil, err
	}
	rows := &sql.Rows{}
	if err := in.Query(ctx, t.of(f).find, args, rows); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row remembered
		if err := rows.Scan(&row.scope, &row.request, &row.answer, &row.since); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

// remove removes the key if it is from before, unless somebody holds it: it waits for nobody.
func (t *table) remove(ctx context.Context, from dialect.ExecQuerier, f first, before time.Time) error {
	args := append(make([]any, 0, 5), f.key, before)
	for _, scope := range f.scopes {
		args = append(args, scope)
	}
	args, err := t.arguments(ctx, args...)
	if err != nil {
		return err
	}
	return from.Exec(ctx, t.of(f).remove, args, nil)
}
