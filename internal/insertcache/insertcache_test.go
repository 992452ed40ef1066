package insertcache_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/insertcache"
)

// recorder keeps what a driver is asked to do; Postgres is met by every test that creates a row.
type recorder struct {
	dialect.Driver
	dialect string
	said    []string
}

func (r *recorder) Dialect() string { return r.dialect }

func (r *recorder) Exec(_ context.Context, query string, args, _ any) error {
	r.said = append(r.said, fmt.Sprintf("%s %v", query, args))
	return nil
}

func (r *recorder) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(r), nil }

// shouted is a value whose text is not a plain placeholder.
type shouted string

func (shouted) FormatParam(placeholder string, _ *sql.StmtInfo) string {
	return "upper(" + placeholder + ")"
}

var columns = []string{"email", "name", "manager_id", "id"}

// byEnt is how Ent adds a row with a value in these columns.
func byEnt(t *testing.T, schema string, set []int) []string {
	t.Helper()
	r := &recorder{dialect: dialect.Postgres}
	spec := sqlgraph.NewCreateSpec("users", sqlgraph.NewFieldSpec("id", field.TypeInt))
	spec.Schema = schema
	for _, i := range set {
		switch columns[i] {
		case "id":
			spec.ID.Value = i
		case "manager_id":
			spec.Edges = append(spec.Edges, &sqlgraph.EdgeSpec{
				Rel: sqlgraph.M2O, Inverse: true, Table: "users", Columns: []string{columns[i]},
				Target: &sqlgraph.EdgeTarget{IDSpec: sqlgraph.NewFieldSpec("id", field.TypeInt), Nodes: []driver.Value{i}},
			})
		default:
			spec.SetField(columns[i], field.TypeInt, i)
		}
	}
	if err := sqlgraph.CreateNode(t.Context(), r, spec); err != nil {
		t.Fatal(err)
	}
	return r.said
}

// TestInsertSaysWhatEntSays compares both for each set of columns, several times at once, because the first writes the
// statement and the others find it.
func TestInsertSaysWhatEntSays(t *testing.T) {
	t.Parallel()
	users := insertcache.New("users", columns...)
	var wg sync.WaitGroup
	for _, set := range [][]int{{3}, {0, 3}, {1, 3}, {0, 1, 3}, {2, 3}, {0, 1, 2, 3}} {
		for _, schema := range []string{"core", "other", ""} {
			want := byEnt(t, schema, set)
			for range 20 {
				wg.Go(func() {
					got := &recorder{dialect: dialect.Postgres}
					row := users.Row()
					for _, i := range set {
						row.Set(i, i)
					}
					if ok, err := row.Insert(t.Context(), got, schema, insertcache.Node{}); !ok || err != nil || !slices.Equal(got.said, want) {
						t.Errorf("%v in %q: got %t, %v and %q, want %q", set, schema, ok, err, got.said, want)
					}
				})
			}
		}
	}
	wg.Wait()
}

func TestWhatOnlyEntKnowsIsLeftToIt(t *testing.T) {
	t.Parallel()
	id, word := uuid.New(), shouted("email")
	for name, c := range map[string]struct {
		dialect string
		value   any
	}{
		"a value with a form": {dialect.Postgres, word}, "a pointer to one": {dialect.Postgres, &word},
		"a query": {dialect.Postgres, sql.Expr("now()")}, "another database": {dialect.SQLite, "email"},
	} {
		r := &recorder{dialect: c.dialect}
		row := insertcache.New("users", columns...).Row()
		row.Set(0, c.value)
		row.Set(3, &id)
		if ok, err := row.Insert(t.Context(), r, "core", insertcache.Node{}); ok || err != nil || len(r.said) > 0 {
			t.Errorf("%s: got %t, %v and %q, want it left alone", name, ok, err, r.said)
		}
	}
}

// TestMoreFormsThanAreKept adds rows with more sets of columns than texts are kept of, twice.
func TestMoreFormsThanAreKept(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprint("c", i))
	}
	users := insertcache.New("users", names...)
	for range 2 {
		seen := map[string]bool{}
		for form := 1; form < 1<<len(names); form++ {
			r := &recorder{dialect: dialect.Postgres}
			row := users.Row()
			for i := range names {
				if form&(1<<i) != 0 {
					row.Set(i, i)
				}
			}
			if ok, err := row.Insert(t.Context(), r, "core", insertcache.Node{}); !ok || err != nil || len(r.said) != 1 {
				t.Fatalf("got %t, %v and %q", ok, err, r.said)
			}
			seen[r.said[0]] = true
		}
		if len(seen) != 1<<len(names)-1 {
			t.Errorf("got %d statements, want %d", len(seen), 1<<len(names)-1)
		}
	}
}

// TestInsertOfNullFirst adds a row with a null, and then one without it: Ent writes NULL for a nil, and the second row's value was an
// argument too many.
func TestInsertOfNullFirst(t *testing.T) {
	t.Parallel()
	users := insertcache.New("users", columns...)
	r := &recorder{dialect: dialect.Postgres}
	for _, name := range []any{nil, "Ada"} {
		row := users.Row()
		row.Set(1, name)
		row.Set(3, 7)
		if ok, err := row.Insert(t.Context(), r, "core", insertcache.Node{}); !ok || err != nil {
			t.Fatalf("got %t, %v", ok, err)
		}
	}
	want := []string{
		`INSERT INTO "core"."users" ("name", "id") VALUES ($1, $2) [<nil> 7]`,
		`INSERT INTO "core"."users" ("name", "id") VALUES ($1, $2) [Ada 7]`,
	}
	if !slices.Equal(r.said, want) {
		t.Errorf("got %q, want %q", r.said, want)
	}
}
