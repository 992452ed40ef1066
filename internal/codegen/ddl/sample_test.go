package ddl

import (
	"strings"
	"testing"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// Samples go from annotations, as a loaded schema has them, into directives with the names of columns.
func TestSamples(t *testing.T) {
	t.Parallel()
	of := func(s contract.Samples) gen.Annotations {
		var rows []any
		for _, row := range s.Rows {
			columns := map[string]any{}
			for name, value := range row {
				columns[name] = value
			}
			rows = append(rows, columns)
		}
		return gen.Annotations{s.Name(): map[string]any{"Rows": rows}}
	}
	entity := func(s contract.Samples, fields ...*gen.Field) *gen.Graph {
		t.Helper()
		node, err := gen.NewType(&gen.Config{Storage: &gen.Storage{Name: "sql"}}, &load.Schema{Name: "Account", Annotations: of(s)})
		if err != nil {
			t.Fatal(err)
		}
		node.Fields = fields
		return &gen.Graph{Nodes: []*gen.Type{node}}
	}
	pair := contract.SampleRow(map[string]string{"kind": "bank", "iban": "DE'1"}).Merge(contract.SampleRow(map[string]string{"kind": "card"})).(contract.Samples)
	iban := &gen.Field{Name: "iban", Annotations: of(contract.Sample("DE1", "FR2"))}
	for _, test := range []struct {
		name  string
		graph *gen.Graph
		want  string
		fails string
	}{
		{"none", entity(contract.Samples{}, &gen.Field{Name: "iban"}), "", ""},
		{"of both", entity(pair, iban, &gen.Field{Name: "kind"}), `-- lockstep:sample accounts {"iban":"DE'1","kind":"bank"}
-- lockstep:sample accounts {"kind":"card"}
-- lockstep:sample accounts {"iban":"DE1"}
-- lockstep:sample accounts {"iban":"FR2"}
`, ""},
		{"an unknown field", entity(pair, iban), "", `names "kind", which is no field of it`},
		{"a row on a field", entity(contract.Samples{}, &gen.Field{Name: "kind", Annotations: of(pair)}), "", "contract.SampleRow is for an entity"},
	} {
		got, err := samples(test.graph)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%s: got %v, want %q", test.name, err, test.fails)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}
