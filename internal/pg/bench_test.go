package pg_test

import (
	"context"
	"testing"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// BenchmarkScope measures what binding a statement to its tenant costs: a read by primary key, under
// row-level security throughout. "plain" is pgx with the tenant set once for the connection, which no
// server could do; "transaction" is the usual way.
func BenchmarkScope(b *testing.B) {
	w := newWorld(b)
	ctx := pg.WithScope(b.Context(), pg.Scope{TenantID: w.a})
	const query = "select id, name, amount from core.things where tenant_id = $1 and id = $2"
	args := []any{w.a, w.thingA}
	scan := func(rows interface {
		Next() bool
		Scan(...any) error
	}) {
		var id uuid.UUID
		var name entsql.NullString
		var amount entsql.NullInt64
		if !rows.Next() {
			b.Fatal("got no row, want 1")
		}
		if err := rows.Scan(&id, &name, &amount); err != nil {
			b.Fatal(err)
		}
	}
	read := func(ctx context.Context) error {
		var rows entsql.Rows
		if err := w.driver.Query(ctx, query, args, &rows); err != nil {
			return err
		}
		scan(rows)
		return rows.Close()
	}
	conn := connect(b, w.appURL)
	if _, err := conn.Exec(b.Context(), "select set_config('app.tenant_id', $1, false)", w.a.String()); err != nil {
		b.Fatal(err)
	}
	plain := func(times int) func() error {
		return func() error {
			for range times {
				rows, err := conn.Query(ctx, query, args...)
				if err != nil {
					return err
				}
				scan(rows)
				rows.Close()
			}
			return nil
		}
	}
	pool := w.db.Pool()
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"one/plain", plain(1)},
		{"one/scoped", func() error { return read(ctx) }},
		{"one/transaction", func() error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "select set_config('app.tenant_id', $1, true)", w.a.String()); err != nil {
					return err
				}
				rows, err := tx.Query(ctx, query, args...)
				if err != nil {
					return err
				}
				defer rows.Close()
				scan(rows)
				return nil
			})
		}},
		{"three/plain", plain(3)},
		{"three/scoped", func() error {
			for range 3 {
				if err := read(ctx); err != nil {
					return err
				}
			}
			return nil
		}},
		{"three/pipelined", func() error { return w.db.Pipelined(ctx, read, read, read) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
