package paging_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// TestPagesOverNullsAndEqualKeys pages through rows with nulls and equal keys in every order of two keys, on Postgres, and
// compares with the order that Postgres itself gives.
func TestPagesOverNullsAndEqualKeys(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	if _, err := conn.Exec(t.Context(), `CREATE SCHEMA s; CREATE TABLE s.things (id uuid PRIMARY KEY, name text NOT NULL, level int);
		INSERT INTO s.things SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'n' || i % 3, nullif(i % 4, 0) FROM generate_series(1, 40) i`); err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID    uuid.UUID
		Name  string
		Level *int
	}
	page := func(conditions ...func(*sql.Selector)) []row {
		s := sql.Dialect(dialect.Postgres).Select("id", "name", "level").From(sql.Table("things").Schema("s"))
		for _, c := range conditions {
			c(s)
		}
		text, args := s.Query()
		rows, err := conn.Query(t.Context(), text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return out
	}
	for _, sort := range [][]string{{"level"}, {"-level"}, {"name", "level"}, {"-name", "level"}, {"level", "-name"}, {"-level", "-name"}} {
		t.Run(fmt.Sprint(sort), func(t *testing.T) {
			o := order(t, sort...)
			want := page(o.Apply)
			var got []row
			var after func(*sql.Selector)
			for len(got) < len(want) {
				conditions := []func(*sql.Selector){o.Apply, func(s *sql.Selector) { s.Limit(7) }}
				if after != nil {
					conditions = append(conditions, after)
				}
				rows := page(conditions...)
				if len(rows) == 0 {
					break
				}
				got = append(got, rows...)
				last := rows[len(rows)-1]
				text := o.Encode("things", nil, last.ID, func(name string) any {
					if name == "name" {
						return last.Name
					}
					return last.Level
				})
				if after, err = o.Decode("things", nil, text); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.EqualFunc(got, want, func(a, b row) bool { return cmp.Compare(a.ID.String(), b.ID.String()) == 0 }) {
				t.Errorf("paged order differs: got %d rows, want %d", len(got), len(want))
			}
		})
	}
}
