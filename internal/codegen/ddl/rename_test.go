package ddl

import (
	"testing"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
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
