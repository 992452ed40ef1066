package pg_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect/sql/sqlgraph"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

func TestConstraintErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustOwner(t, w.owner, `alter table core.things add constraint things_amount_excl exclude (amount with =) where (name like 'excl%')`)
	mustOwner(t, w.owner, `alter table core.things add story text; create index things_story_idx on core.things (story);
		create function core.refuse(state text) returns int language plpgsql as $$ begin
			raise exception 'not so' using errcode = state, table = 'things', column = 'name';
		end $$`)
	story := ""
	for i := range uint64(90) { // nothing that compresses
		story += fmt.Sprintf("%x", sha256.Sum256(binary.BigEndian.AppendUint64(nil, i)))
	}
	ctx := w.as(t, w.a)
	mustExec(t, ctx, w.driver, "insert into core.things (tenant_id, id, name, amount) values ($1, $2, 'excl1', 5)", w.a, uuid.New())
	mustExec(t, ctx, w.driver, "insert into core.things (tenant_id, id, name, parent_id) values ($1, $2, 'child', $3)", w.a, uuid.New(), w.thingA)

	const insert = "insert into core.things (tenant_id, id, name, amount, parent_id) values ($1, $2, $3, $4, $5)"
	row := func(name, amount, parent any) []any { return []any{w.a, uuid.New(), name, amount, parent} }
	cases := []struct {
		name  string
		query string
		args  []any
		want  pg.ConstraintError
		ent   func(error) bool
		shown string // must not be in the error's text
	}{
		{"unique", insert, row("same", 1, nil), pg.ConstraintError{Kind: pg.Unique, Table: "things", Constraint: "things_name_key"}, sqlgraph.IsUniqueConstraintError, "same"},
		{"foreign key", insert, row("secret", 1, uuid.Nil), pg.ConstraintError{Kind: pg.ForeignKey, Table: "things", Constraint: "things_parent_fkey"}, sqlgraph.IsForeignKeyConstraintError, uuid.Nil.String()},
		{"delete of a parent", "delete from core.things where id = $1", []any{w.thingA}, pg.ConstraintError{Kind: pg.ForeignKey, Table: "things", Constraint: "things_parent_fkey", Deleting: true}, sqlgraph.IsForeignKeyConstraintError, w.thingA.String()},
		{"check", insert, row("secret", -77, nil), pg.ConstraintError{Kind: pg.Check, Table: "things", Constraint: "things_amount_check"}, sqlgraph.IsCheckConstraintError, "secret"},
		{"not null", insert, row(nil, 77, nil), pg.ConstraintError{Kind: pg.NotNull, Table: "things", Column: "name"}, nil, "77"},
		{"too long", insert, row("12345678901", 1, nil), pg.ConstraintError{Kind: pg.TooLong}, nil, "12345678901"},
		{"out of range", "update core.things set amount = 2147483647 + amount", nil, pg.ConstraintError{Kind: pg.OutOfRange}, nil, "2147483647"},
		{"malformed", "select $1::text::uuid", []any{"secret"}, pg.ConstraintError{Kind: pg.Malformed}, nil, "secret"},
		{"a language's syntax", "select $1::text::tsquery", []any{"secret (("}, pg.ConstraintError{Kind: pg.Malformed}, nil, "secret"},
		{"division", "select amount / (amount - amount) from core.things where id = $1", []any{w.thingA}, pg.ConstraintError{Kind: pg.OutOfRange}, nil, w.thingA.String()},
		{"any of class 22", "select $1::text ~ '('", []any{"secret"}, pg.ConstraintError{Kind: pg.Malformed}, nil, "secret"},
		{"too long for an index", "update core.things set story = $1", []any{story}, pg.ConstraintError{Kind: pg.TooLong, Table: "things", Constraint: "things_story_idx"}, nil, story},
		{"raised", "select core.refuse($1)", []any{"P0001"}, pg.ConstraintError{Kind: pg.Raised, Table: "things", Column: "name", Message: "not so"}, nil, "not so"},
		{"raised as a lack of rights", "select core.refuse($1)", []any{"42501"}, pg.ConstraintError{Kind: pg.Raised, Table: "things", Column: "name", Message: "not so"}, nil, "not so"},
		{"raised as a syntax error", "select core.refuse($1)", []any{"42601"}, pg.ConstraintError{Kind: pg.Raised, Table: "things", Column: "name", Message: "not so"}, nil, "not so"},
		{"raised as a check", "select core.refuse($1)", []any{"23514"}, pg.ConstraintError{Kind: pg.Check, Table: "things", Column: "name", Message: "not so"}, nil, "not so"},
		{"exclusion", insert, row("excl2", 5, nil), pg.ConstraintError{Kind: pg.Exclusion, Table: "things", Constraint: "things_amount_excl"}, nil, "excl2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := exec(ctx, w.driver, c.query, c.args...)
			var got *pg.ConstraintError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a ConstraintError", err)
			}
			if diff := cmp.Diff(c.want, *got, cmpopts.IgnoreUnexported(pg.ConstraintError{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if c.ent != nil && (!c.ent(err) || !sqlgraph.IsConstraintError(err)) {
				t.Errorf("Ent does not recognize %q", err)
			}
			if strings.Contains(err.Error(), c.shown) {
				t.Errorf("the error shows the value: %q", err)
			}
		})
	}
}

func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.StatementTimeout = 50 * time.Millisecond })
	ctx := w.as(t, w.a)
	if err := w.driver.Exec(ctx, "select pg_sleep(60)", []any{}, nil); !errors.Is(err, pg.ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
	bouncer := open(t, w.appURL, func(c *pg.Config) { c.PgBouncer, c.StatementTimeout = true, 50*time.Millisecond })
	if err := bouncer.Driver().Exec(ctx, "select pg_sleep(60)", []any{}, nil); !errors.Is(err, pg.ErrTimeout) {
		t.Errorf("for PgBouncer: got %v, want ErrTimeout", err)
	}
}

// TestCancel ends the request while its statement runs: the server must stop, and the connection live on.
func TestCancel(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 50*time.Millisecond)
		},
		"cancel": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, cancel)
			return ctx, cancel
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
			before := backend(t, w)
			ctx, cancel := end(w.as(t, w.a))
			defer cancel()
			err := w.driver.Exec(ctx, "select pg_sleep(60)", []any{}, nil)
			if !errors.Is(err, ctx.Err()) || errors.Is(err, pg.ErrTimeout) {
				t.Errorf("got %v, want %v", err, ctx.Err())
			}
			if after := backend(t, w); after != before {
				t.Errorf("got another connection (%d, was %d), want the same", after, before)
			}
			var running int
			if err := w.owner.QueryRow(t.Context(), "select count(*) from pg_stat_activity where pid = $1 and state = 'active'", before).Scan(&running); err != nil || running != 0 {
				t.Errorf("got %d statements still running and %v, want 0", running, err)
			}
		})
	}
}

// backend returns the server process of the pool's one connection.
func backend(t *testing.T, w *world) (pid int) {
	t.Helper()
	if err := w.db.Pool().QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	db := open(t, "postgres://core_app@127.0.0.1:1/nowhere", func(c *pg.Config) { c.ConnectTimeout = time.Second })
	ctx := pg.WithScope(t.Context(), pg.Scope{TenantID: uuid.New()})
	if err := db.Driver().Exec(ctx, "select 1", []any{}, nil); !errors.Is(err, pg.ErrUnavailable) {
		t.Errorf("statement: got %v, want ErrUnavailable", err)
	}
	if err := db.CheckRole(t.Context()); !errors.Is(err, pg.ErrUnavailable) {
		t.Errorf("CheckRole: got %v, want ErrUnavailable", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]pg.Config{
		"no URL":            {},
		"a malformed URL":   {URL: "postgres://%zz"},
		"too few":           {URL: "postgres://h/d", MaxConns: -1},
		"min more than max": {URL: "postgres://h/d", MaxConns: 1, MinConns: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := pg.Open(t.Context(), c); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}
