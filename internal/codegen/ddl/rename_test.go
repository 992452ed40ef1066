package ddl

import (
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
)

func TestRenames(t *testing.T) {
	t.Parallel()
	was := func(name string) map[string]any {
		return map[string]any{contract.Rename{}.Name(): map[string]any{"From": name}}
	}
	node, err := gen.NewType(&gen.Config{Storage: &gen.Storage{Name: "sql"}}, &load.Schema{Name: "Customer", Annotations: was("clients")})
	if err != nil {
		t.Fatal(err)
	}
	node.Fields = []*gen.Field{{Name: "display_name", Annotations: was("name")}, {Name: "email"}}
	want := "-- lockstep:rename clients=customers\n-- lockstep:rename customers.name=display_name\n"
	if got := renames(&gen.Graph{Nodes: []*gen.Type{node}}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Beside an edge it is about the column that the edge has.
func TestRenamesOfEdges(t *testing.T) {
	t.Parallel()
	graph := fixture.Graph(t, fixture.Tenant{}, fixture.Badge{}, RenamedEdge{})
	if got, want := renames(graph), "-- lockstep:rename renamed_edges.medal_id=badge_id\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// RenamedEdge says at its edge what the column was called.
type RenamedEdge struct{ ent.Schema }

func (RenamedEdge) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (RenamedEdge) Fields() []ent.Field {
	return []ent.Field{field.UUID("badge_id", uuid.UUID{}).Comment("Badge.")}
}

func (RenamedEdge) Edges() []ent.Edge {
	return []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique().Required().Field("badge_id").Annotations(contract.RenamedFrom("medal_id")).Comment("Badge.")}
}
