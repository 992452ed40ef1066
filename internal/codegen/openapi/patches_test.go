package openapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

type Part struct {
	Name string            `json:"name"`
	Note *string           `json:"note"`
	Size *int              `json:"size,omitempty"`
	More map[string]Detail `json:"more,omitempty"`
	List []Detail          `json:"list"`
}

type Detail struct {
	Text string `json:"text"`
}

// Thing has fields whose contract says more than their type.
type Thing struct{ ent.Schema }

func (Thing) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (Thing) Fields() []ent.Field {
	return []ent.Field{
		field.JSON("part", Part{}).Annotations(contract.JSON(Part{})).Comment("Part."),
		field.JSON("labels", map[string]string{}).Optional().Comment("Labels."),
		field.Int64("large").Default(7).Annotations(contract.AsText()).Comment("Large."),
		field.Int64("small").Comment("Small."),
		field.Bytes("digest").MinLen(32).MaxLen(64).Comment("Digest."),
		field.Other("price", decimal.Decimal{}).SchemaType(map[string]string{dialect.Postgres: "numeric(12,2)"}).Annotations(contract.Example("3.5")).Comment("Price."),
	}
}

func (Thing) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("A thing."), contract.Check("things_price_check", "price > small", "The price must be more than small.")}
}

func written(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	graph := fixture.Graph(t, fixture.Tenant{}, Thing{})
	least, most := uint64(32), uint64(64)
	entities, err := model.Build(graph, validators.Found("Thing", "digest", validators.Limits{MinLen: &least, MaxLen: &most}))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Write(graph, entities, Info{Title: "T", Version: "1.0.0", Description: "D."}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Components.Schemas
}

// TestPatchesOfJSON asks for nothing in a patch, and takes null for what may be gone.
func TestPatchesOfJSON(t *testing.T) {
	t.Parallel()
	schemas := written(t)
	var patch struct {
		Required             []string
		AdditionalProperties *bool
		Properties           map[string]struct {
			Nullable bool
			Items    struct {
				Ref string `json:"$ref"`
			}
			AdditionalProperties struct {
				Nullable bool
				AllOf    []struct {
					Ref string `json:"$ref"`
				}
			}
		}
	}
	if err := json.Unmarshal(schemas["PartPatch"], &patch); err != nil {
		t.Fatal(err)
	}
	var nullable []string
	for name, p := range patch.Properties {
		if p.Nullable {
			nullable = append(nullable, name)
		}
	}
	slices.Sort(nullable)
	if len(patch.Required) > 0 || patch.AdditionalProperties == nil || *patch.AdditionalProperties || strings.Join(nullable, " ") != "more note size" {
		t.Errorf("got %s", schemas["PartPatch"])
	}
	more := patch.Properties["more"].AdditionalProperties
	if !more.Nullable || len(more.AllOf) != 1 || more.AllOf[0].Ref != "#/components/schemas/DetailPatch" || patch.Properties["list"].Items.Ref != "#/components/schemas/Detail" {
		t.Errorf("got %s, want members that null removes, and lists of whole ones", schemas["PartPatch"])
	}
	for name, want := range map[string]string{
		"ThingUpdate": `"$ref":"#/components/schemas/PartPatch"`, "ThingCreate": `"$ref":"#/components/schemas/Part"`, "Thing": `"$ref":"#/components/schemas/Part"`,
	} {
		if got := strings.Join(strings.Fields(string(schemas[name])), ""); !strings.Contains(got, want) {
			t.Errorf("%s has no %s", name, want)
		}
	}
}

// TestValuesOfTheContract shows what is exact and how much there may be.
func TestValuesOfTheContract(t *testing.T) {
	t.Parallel()
	schemas := written(t)
	type property struct {
		Type, Format, Pattern, Description string
		MinLength, MaxLength               int
		Minimum, Maximum, Default          json.RawMessage
	}
	of := func(name string) map[string]property {
		var s struct {
			Description string
			Properties  map[string]property
		}
		if err := json.Unmarshal(schemas[name], &s); err != nil {
			t.Fatal(err)
		}
		if name != "Thing" && !strings.Contains(s.Description, "The price must be more than small.") {
			t.Errorf("%s does not list its CHECK: %s", name, s.Description)
		}
		return s.Properties
	}
	create, update, answer := of("ThingCreate"), of("ThingUpdate"), of("Thing")
	if p := create["large"]; p.Type != "string" || p.Format != "int64" || string(p.Default) != `"7"` || !strings.Contains(p.Description, "9223372036854775807") {
		t.Errorf("large: got %+v", p)
	}
	if p := update["small"]; p.Type != "integer" || string(p.Minimum) != "-9007199254740991" || string(p.Maximum) != "9007199254740991" {
		t.Errorf("small: got %+v", p)
	}
	if p := create["digest"]; p.MinLength != 44 || p.MaxLength != 88 || !strings.Contains(p.Description, "From 32 to 64 bytes.") {
		t.Errorf("digest: got %+v, want characters of base64", p)
	}
	if create["price"].Pattern != contract.DecimalPattern(10, 2) || answer["price"].Pattern != contract.ScaledPattern(10, 2) || !strings.Contains(create["price"].Description, "2 digits behind the point") {
		t.Errorf("price: got %+v and %+v", create["price"], answer["price"])
	}
}
