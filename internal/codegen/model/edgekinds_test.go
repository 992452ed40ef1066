package model_test

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// reference is a field that holds an id, or none.
func reference(name string) []ent.Field {
	return []ent.Field{field.UUID(name, uuid.UUID{}).Optional().Nillable().Comment("Reference.")}
}

// Wheel is no part of the API, and Cog leads to it. Crate refers back to the Variant that has it.
type (
	Wheel struct{ variant }
	Cog   struct{ variant }
	Crate struct{ variant }
)

func (Wheel) Annotations() []schema.Annotation { return []schema.Annotation{contract.Internal()} }
func (Cog) Annotations() []schema.Annotation   { return []schema.Annotation{schema.Comment("Cog.")} }
func (Cog) Fields() []ent.Field                { return reference("wheel_id") }
func (Cog) Edges() []ent.Edge {
	return []ent.Edge{edge.To("wheel", Wheel.Type).Unique().Field("wheel_id")}
}
func (Crate) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Crate.")} }
func (Crate) Fields() []ent.Field              { return reference("variant_id") }
func (Crate) Edges() []ent.Edge {
	return []ent.Edge{edge.From("variant", Variant.Type).Ref("crates").Unique().Field("variant_id")}
}

// Gear is internal, and its edge to itself is written at both ends all the same.
type Gear struct{ ent.Schema }

func (Gear) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }
func (Gear) Fields() []ent.Field {
	return []ent.Field{field.UUID("next_id", uuid.UUID{}).Optional().Nillable()}
}
func (Gear) Edges() []ent.Edge {
	return []ent.Edge{edge.To("next", Gear.Type).Unique().Field("next_id")}
}
func (Gear) Annotations() []schema.Annotation { return []schema.Annotation{contract.Internal()} }

func TestBuildRefusesEdgesThatDoNotWhatTheySay(t *testing.T) {
	t.Parallel()
	said := []schema.Annotation{schema.Comment("Variant.")}
	for name, c := range map[string]struct {
		fields []ent.Field
		edges  []ent.Edge
		want   []string
	}{
		"to itself, without an inverse": {reference("next_id"), []ent.Edge{edge.To("next", Variant.Type).Unique().Field("next_id")},
			[]string{"edge next ", "no inverse", `edge.To("name_of_the_other", Variant.Type).From("next").Unique().Field("next_id")`}},
		"to itself, before its inverse": {reference("next_id"), []ent.Edge{edge.To("previous", Variant.Type).Unique(), edge.From("next", Variant.Type).Ref("previous").Unique().Field("next_id")},
			[]string{"edge previous ", "before its inverse", `edge.To("previous", Variant.Type).Unique().From("next").Unique().Field("next_id")`}},
		"to itself, without a field": {nil, []ent.Edge{edge.To("next", Variant.Type).Unique()}, []string{"edge next ", `.Field("next_id")`}},
		"many of itself":             {nil, []ent.Edge{edge.To("children", Variant.Type)}, []string{"edge children ", `.From("parent").Unique().Field("parent_id")`}},
		"to one, without a field":    {nil, []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique()}, []string{"edge badge ", `field.UUID("badge_id", uuid.UUID{})`}},
		"a tree without a field": {nil, []ent.Edge{edge.To("children", Variant.Type).From("parent").Unique()},
			[]string{"edge parent ", `.Field("parent_id")`}},
		"to many, without an inverse": {nil, []ent.Edge{edge.To("parts", Part.Type)},
			[]string{"edge parts ", `edge.From("variant", Variant.Type).Ref("parts").Unique().Field("variant_id") to Part`}},
		"many that must be there": {nil, []ent.Edge{edge.To("crates", Crate.Type).Required()}, []string{"edge crates is Required", "take .Required() away"}},
		"one that must be there":  {nil, []ent.Edge{edge.To("crates", Crate.Type).Unique().Required()}, []string{"edge crates is Required"}},
		"two edges of one field": {reference("badge_id"), []ent.Edge{
			edge.To("badge", fixture.Badge.Type).Unique().Field("badge_id"), edge.To("other", fixture.Badge.Type).Unique().Field("badge_id"),
		}, []string{"badge and other share the field badge_id"}},
		"the tenant": {nil, []ent.Edge{edge.To("tenant", fixture.Tenant.Type).Unique().Required().Immutable().Field("tenant_id")}, []string{"tenant_id, which the server sets"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schemas := append(fixture.Schemas(), Variant{variant{fields: c.fields, edges: c.edges, annotations: said}}, Part{})
			if strings.Contains(name, "must be there") {
				schemas = append(schemas, Crate{})
			}
			_, err := model.Build(fixture.Graph(t, schemas...), validators.Set{})
			for _, want := range append(c.want, "entity Variant") {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
	_, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), Gear{})...), validators.Set{})
	if err == nil || !strings.Contains(err.Error(), "entity Gear: edge next ") {
		t.Errorf("got %v, want the edge of an internal entity to be refused as well", err)
	}
}

// Leaf has its two edges to itself apart, as a tree may.
type Leaf struct{ variant }

func (Leaf) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Leaf.")} }
func (Leaf) Fields() []ent.Field              { return reference("parent_id") }
func (Leaf) Edges() []ent.Edge {
	return []ent.Edge{edge.To("children", Leaf.Type), edge.From("parent", Leaf.Type).Ref("children").Unique().Field("parent_id")}
}

// Seat and Guest are one to one, from both ends; Link leads to the next of its kind and back.
type (
	Seat  struct{ variant }
	Guest struct{ variant }
	Link  struct{ variant }
)

func (Seat) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Seat.")} }
func (Seat) Edges() []ent.Edge                { return []ent.Edge{edge.To("guest", Guest.Type).Unique()} }
func (Guest) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Guest.")}
}
func (Guest) Fields() []ent.Field { return reference("seat_id") }
func (Guest) Edges() []ent.Edge {
	return []ent.Edge{edge.From("seat", Seat.Type).Ref("guest").Unique().Field("seat_id")}
}
func (Link) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Link.")} }
func (Link) Fields() []ent.Field              { return reference("next_id") }
func (Link) Edges() []ent.Edge {
	return []ent.Edge{edge.To("previous", Link.Type).Unique().From("next").Unique().Field("next_id")}
}

func TestBuildTakesOneToOneWithBothEnds(t *testing.T) {
	t.Parallel()
	if _, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), Seat{}, Guest{}, Link{}, Leaf{})...), validators.Set{}); err != nil {
		t.Error(err)
	}
}
