package limits_test

import (
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Bin has fields with limits of their own and with defaults.
type Bin struct{ ent.Schema }

func (Bin) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (Bin) Fields() []ent.Field {
	numeric := func(name, kind string) ent.Field {
		return field.Other(name, decimal.Decimal{}).SchemaType(map[string]string{dialect.Postgres: kind})
	}
	texts := func(name string, annotations ...schema.Annotation) ent.Field {
		return field.Other(name, pq.StringArray{}).SchemaType(map[string]string{dialect.Postgres: "text[]"}).Annotations(annotations...)
	}
	return []ent.Field{
		field.String("text"), field.Text("long"), field.Bytes("bytes"), texts("list"), texts("own_list", contract.MaxItems(3), contract.MaxItemLen(9)),
		texts("half_list", contract.MaxItems(3)), field.JSON("free", map[string]any{}), field.JSON("own_free", map[string]any{}).Annotations(contract.MaxBytes(99)),
		field.Strings("strings"), field.String("mail").Annotations(contract.Email()),
		numeric("bare", "numeric"), numeric("money", "numeric(12,2)"), numeric("whole", "numeric( 5 )"), numeric("capitals", "NUMERIC (12, 2)"), numeric("small", "numeric(2,4)"),
		field.Enum("mood").Values("a"), field.Bool("yes"),
	}
}

// TestEveryFieldHasALimit gives the default where the schema sets none, and says so.
func TestEveryFieldHasALimit(t *testing.T) {
	t.Parallel()
	said := map[string]string{}
	digits := map[string][2]int{}
	for _, node := range fixture.Graph(t, fixture.Tenant{}, Bin{}).Nodes {
		if node.Name != "Bin" {
			continue
		}
		for _, f := range node.Fields {
			l, err := limits.Of(node, f, validators.Set{})
			if err != nil {
				t.Fatal(err)
			}
			if text := limits.Defaulted(node, f, validators.Set{}); text != "" {
				said[f.Name] = text
			}
			if limits.Decimal(f) {
				digits[f.Name] = [2]int{l.Whole, l.Fraction}
			}
		}
	}
	for name, want := range map[string]string{
		"text": "10000 characters", "long": "10000 characters", "bytes": "65536 bytes", "list": "100 items of 255 characters", "own_list": "",
		"half_list": "3 items of 255 characters", "free": "65536 bytes", "own_free": "", "strings": "100 items of 255 characters", "mail": "254 characters",
		"bare": "50 digits before the point and 50 behind it", "money": "", "mood": "", "yes": "",
	} {
		if said[name] != want {
			t.Errorf("%s: got %q, want %q", name, said[name], want)
		}
	}
	for name, want := range map[string][2]int{"bare": {50, 50}, "money": {10, 2}, "whole": {5, 0}, "capitals": {10, 2}, "small": {-2, 4}} {
		if digits[name] != want {
			t.Errorf("%s: got %v digits, want %v", name, digits[name], want)
		}
	}
}
