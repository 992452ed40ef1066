package inserting_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/inserting"
)

// recorder keeps what a driver is asked to do; Postgres is met by every test that creates a row.
type recorder struct {
	dialect.Driver
	mu   sync.Mutex
	said []string
}

func (r *recorder) Dialect() string { return dialect.Postgres }

func (r *recorder) Exec(_ context.Context, query string, args, _ any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var values []any
	for _, arg := range args.([]any) {
		if id, ok := arg.(*uuid.UUID); ok { // how Ent passes an id
			arg = *id
		}
		values = append(values, arg)
	}
	r.said = append(r.said, fmt.Sprintf("%s %v", query, values))
	return nil
}

func (r *recorder) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(r), nil }

func spec(set ...func(*sqlgraph.CreateSpec)) *sqlgraph.CreateSpec {
	s := sqlgraph.NewCreateSpec("users", sqlgraph.NewFieldSpec("id", field.TypeUUID))
	s.Schema = "core"
	id := uuid.MustParse("01900000-0000-7000-8000-000000000000")
	s.ID.Value = &id
	for _, set := range set {
		set(s)
	}
	return s
}

func text(column, value string) func(*sqlgraph.CreateSpec) {
	return func(s *sqlgraph.CreateSpec) { s.SetField(column, field.TypeString, value) }
}

func edge(rel sqlgraph.Rel, column string, nodes ...any) func(*sqlgraph.CreateSpec) {
	return func(s *sqlgraph.CreateSpec) {
		e := &sqlgraph.EdgeSpec{Rel: rel, Inverse: true, Table: "users", Columns: []string{column}, Target: &sqlgraph.EdgeTarget{IDSpec: sqlgraph.NewFieldSpec("id", field.TypeUUID)}}
		for _, n := range nodes {
			e.Target.Nodes = append(e.Target.Nodes, n)
		}
		s.Edges = append(s.Edges, e)
	}
}

// shouted is a value whose text is not a plain placeholder.
type shouted string

func (shouted) FormatParam(placeholder string, _ *sql.StmtInfo) string {
	return "upper(" + placeholder + ")"
}

// TestNodeSaysWhatEntSays compares both for each form of a row, several times, because the first writes the statement and the
// others find it.
func TestNodeSaysWhatEntSays(t *testing.T) {
	t.Parallel()
	forms := map[string]func() *sqlgraph.CreateSpec{
		"only an id":    func() *sqlgraph.CreateSpec { return spec() },
		"a field":       func() *sqlgraph.CreateSpec { return spec(text("email", "a")) },
		"two":           func() *sqlgraph.CreateSpec { return spec(text("email", "b"), text("name", "c")) },
		"in turn":       func() *sqlgraph.CreateSpec { return spec(text("name", "d"), text("email", "e")) },
		"an edge":       func() *sqlgraph.CreateSpec { return spec(text("email", "f"), edge(sqlgraph.M2O, "manager_id", 7)) },
		"two edges":     func() *sqlgraph.CreateSpec { return spec(edge(sqlgraph.M2O, "a_id", 7), edge(sqlgraph.M2O, "b_id", 8)) },
		"its own table": func() *sqlgraph.CreateSpec { s := spec(text("email", "g")); s.Table = "people"; return s },
		"no schema":     func() *sqlgraph.CreateSpec { s := spec(text("email", "h")); s.Schema = ""; return s },
		"json": func() *sqlgraph.CreateSpec {
			s := spec()
			s.SetField("free", field.TypeJSON, map[string]int{"a": 1})
			return s
		},
		"a value with a form": func() *sqlgraph.CreateSpec {
			s := spec()
			s.SetField("email", field.TypeString, shouted("i"))
			return s
		},
		"an edge of one to one": func() *sqlgraph.CreateSpec { return spec(edge(sqlgraph.O2O, "manager_id", 9)) },
	}
	var wg sync.WaitGroup
	for name, form := range forms {
		ent := &recorder{}
		if err := sqlgraph.CreateNode(t.Context(), ent, form()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 20 {
			wg.Go(func() {
				ours := &recorder{}
				if err := inserting.Node(t.Context(), ours, form()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !slices.Equal(ours.said, ent.said) {
					t.Errorf("%s: got %q, want %q", name, ours.said, ent.said)
				}
			})
		}
	}
	wg.Wait()
}

// TestARowHoldsWhatEntsSpecificationDoes has more fields than there is room for.
func TestARowHoldsWhatEntsSpecificationDoes(t *testing.T) {
	t.Parallel()
	id := func() *sqlgraph.FieldSpec { return sqlgraph.NewFieldSpec("id", field.TypeUUID) }
	for _, n := range []int{1, 16, 17, 40} {
		row, want := inserting.NewRow("users", id()), sqlgraph.NewCreateSpec("users", id())
		for i := range n {
			row.SetField(fmt.Sprint("column", i), field.TypeInt, i)
			want.SetField(fmt.Sprint("column", i), field.TypeInt, i)
		}
		if !reflect.DeepEqual(&row.CreateSpec, want) {
			t.Errorf("%d fields: got %+v, want %+v", n, row.CreateSpec, *want)
		}
	}
}
