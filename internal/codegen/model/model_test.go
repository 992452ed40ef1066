package model_test

import (
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// variant is a schema whose parts a test chooses.
type variant struct {
	ent.Schema
	fields      []ent.Field
	edges       []ent.Edge
	annotations []schema.Annotation
}

func (variant) Mixin() []ent.Mixin                 { return []ent.Mixin{contract.TenantOwned{}} }
func (v variant) Fields() []ent.Field              { return v.fields }
func (v variant) Edges() []ent.Edge                { return v.edges }
func (v variant) Annotations() []schema.Annotation { return v.annotations }

// Variant has a name that Ent can print; MarshalSchema takes it from the type.
type Variant struct{ variant }

// Part refers to nothing by a field of its own.
type Part struct{ variant }

// Annotations of Part.
func (Part) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Part.")} }

// Shaped is the structure of a JSON field, Untagged is none.
type (
	Shaped struct {
		Size int `json:"size"`
	}
	Untagged struct{ Size int }
)

// many are texts of the default limit.
func many(n int) []ent.Field {
	var out []ent.Field
	for i := range n {
		out = append(out, field.Text(fmt.Sprintf("text_%02d", i)).Comment("Text."))
	}
	return out
}

func TestBuildRefusesWhatTheContractCannotSay(t *testing.T) {
	t.Parallel()
	said := []schema.Annotation{schema.Comment("Variant.")}
	for name, c := range map[string]struct {
		variant variant
		want    string
	}{
		"entity without comment":       {variant{}, "has no comment"},
		"field without comment":        {variant{fields: []ent.Field{field.String("code")}, annotations: said}, "field code has no comment"},
		"optional not nillable":        {variant{fields: []ent.Field{field.String("code").Optional().Comment("Code.")}, annotations: said}, "add .Nillable()"},
		"null or its default":          {variant{fields: []ent.Field{field.String("code").Optional().Nillable().Default("x").Comment("Code.")}, annotations: said}, "null at creation would become the default"},
		"unknown type":                 {variant{fields: []ent.Field{field.JSON("code", Shaped{}).Comment("Code.")}, annotations: said}, "contract.JSON(model_test.Shaped{})"},
		"unknown structure":            {variant{fields: []ent.Field{field.JSON("code", map[int]string{}).Annotations(contract.JSON(map[int]string{})).Comment("Code.")}, annotations: said}, "keys of a JSON object are strings"},
		"null of a struct":             {variant{fields: []ent.Field{field.JSON("code", Shaped{}).Optional().Annotations(contract.JSON(Shaped{})).Comment("Code.")}, annotations: said}, "&model_test.Shaped{}"},
		"member without a name":        {variant{fields: []ent.Field{field.JSON("code", Untagged{}).Annotations(contract.JSON(Untagged{})).Comment("Code.")}, annotations: said}, `json:"size"`},
		"filter by JSON":               {variant{fields: []ent.Field{field.JSON("code", map[string]any{}).Comment("Code.")}, annotations: append(said, contract.Filter("code"))}, `contract.Filter("code")`},
		"delete of its own side":       {variant{fields: []ent.Field{field.UUID("badge_id", uuid.UUID{}).Comment("Badge.")}, edges: []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique().Required().Field("badge_id").Annotations(contract.OnDelete(contract.Cascade))}, annotations: said}, "belongs on the edge of the entity that is deleted"},
		"expands nothing":              {variant{annotations: append(said, contract.Detail("X", "nothing"))}, `"nothing"`},
		"sort by nothing":              {variant{annotations: append(said, contract.Sort("gone"))}, `contract.Sort("gone")`},
		"sort by a long text":          {variant{fields: []ent.Field{field.Text("code").Comment("Code.")}, annotations: append(said, contract.Sort("code"))}, "shorten the longest keys with MaxRuneLen, or sort by fewer: code (60002)"},
		"access by no user":            {variant{fields: []ent.Field{field.String("code").Comment("Code.")}, annotations: append(said, contract.Allow(contract.Read, contract.Self("code")))}, `"code"`},
		"relation without a row":       {variant{annotations: append(said, contract.Allow(contract.Create, contract.Self("id")))}, "needs a row"},
		"row over the answer's budget": {variant{fields: many(80), annotations: said}, "one row can be 4801140"},
		"largest fields are named":     {variant{fields: append(many(70), field.Bytes("scan").MaxLen(9_000_000).Comment("Scan.")), annotations: said}, "text_00 (60002)"},
		"address that is a number":     {variant{fields: []ent.Field{field.Int("code").Annotations(contract.Email()).Comment("Code.")}, annotations: said}, "contract.Email is for field.String"},
		"set that is a text":           {variant{fields: []ent.Field{field.String("code").Annotations(contract.Distinct()).Comment("Code.")}, annotations: said}, "contract.Distinct is for arrays of texts"},
		"items of a text":              {variant{fields: []ent.Field{field.String("code").Annotations(contract.MaxItems(3)).Comment("Code.")}, annotations: said}, "contract.MaxItems is for"},
		"bytes of a text":              {variant{fields: []ent.Field{field.String("code").Annotations(contract.MaxBytes(3)).Comment("Code.")}, annotations: said}, "contract.MaxBytes is for JSON fields"},
		"no tree to another":           {variant{fields: reference("badge_id"), edges: []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique().Field("badge_id").Annotations(contract.Acyclic())}, annotations: said}, "edge badge has contract.Acyclic and leads to Badge"},
		"a tree from above": {variant{fields: reference("parent_id"), edges: []ent.Edge{
			edge.To("children", Variant.Type).Annotations(contract.Acyclic()).From("parent").Unique().Field("parent_id"),
		}, annotations: said}, "edge children has contract.Acyclic, which belongs on the edge to the row above"},
		"hidden version":             {variant{fields: []ent.Field{field.Int("version").Default(1).Annotations(contract.ServerOwned(), contract.VisibleWith("x", "id")).Comment("Version.")}, annotations: said}, "answers cannot do without it"},
		"through a missing edge":     {variant{fields: reference("badge_id"), edges: []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique().Field("badge_id").Annotations(contract.Through("x", "gone"))}, annotations: said}, `"gone"`},
		"through to an internal one": {variant{fields: reference("cog_id"), edges: []ent.Edge{edge.To("cog", Cog.Type).Unique().Field("cog_id").Annotations(contract.Through("x", "wheel"))}, annotations: said}, "Wheel, which is contract.Internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), Variant{c.variant}, Part{}, Cog{}, Wheel{})...), validators.Set{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Variant") {
				t.Errorf("got %v, want an error about Variant with %q", err, c.want)
			}
		})
	}
}

// PlatformFee and PlatformNote are global by their mixin, and the platform's own by their names.
type (
	PlatformFee  struct{ ent.Schema }
	PlatformNote struct{ PlatformFee }
)

func (PlatformFee) Mixin() []ent.Mixin { return []ent.Mixin{contract.Identified{}} }
func (PlatformFee) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Fee."), contract.PlatformOnly(contract.Create, contract.Update, contract.Delete)}
}
func (PlatformNote) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Note."), contract.PlatformOnly(contract.List, contract.Read, contract.Create, contract.Update, contract.Delete)}
}

func TestBuildRefusesPlatformTablesThatTenantsRead(t *testing.T) {
	t.Parallel()
	if _, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), PlatformNote{})...), validators.Set{}); err != nil {
		t.Errorf("got %v for an entity that only the platform reads", err)
	}
	_, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), PlatformFee{})...), validators.Set{})
	if err == nil || !strings.Contains(err.Error(), "PlatformFee") || !strings.Contains(err.Error(), "add contract.PlatformOnly(contract.") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// Group and Member are many-to-many, whose join table would carry no tenant.
type (
	Group  struct{ variant }
	Member struct{ variant }
)

func (Group) Edges() []ent.Edge  { return []ent.Edge{edge.To("members", Member.Type)} }
func (Member) Edges() []ent.Edge { return []ent.Edge{edge.From("groups", Group.Type).Ref("members")} }
func (Group) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Group.")}
}
func (Member) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Member.")}
}

func TestBuildRefusesManyToMany(t *testing.T) {
	t.Parallel()
	_, err := model.Build(fixture.Graph(t, fixture.Tenant{}, Group{}, Member{}), validators.Set{})
	if err == nil || !strings.Contains(err.Error(), "join entity") {
		t.Errorf("got %v, want the advice to use a join entity", err)
	}
}

func TestCheckIndexesNamesTheIndexToAdd(t *testing.T) {
	t.Parallel()
	fields := []ent.Field{field.Int("code").Comment("Code."), field.Time("seen_at").Comment("When seen.")}
	graph := fixture.Graph(t, append(fixture.Schemas(), Variant{variant{fields: fields, annotations: []schema.Annotation{
		schema.Comment("Variant."), contract.Sort("id", "code"), contract.Filter("seen_at"),
	}}})...)
	entities, err := model.Build(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	tables, err := ddl.Tables(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	err = model.CheckIndexes(entities, tables)
	for _, want := range []string{`index.Fields("code", "id")`, `index.Fields("seen_at", "id")`, "Variant"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), `Sort("id")`) {
		t.Errorf("got %v, but the primary key serves the id", err)
	}
}

// Ward refers to a keeper that it must have: its reference cannot be cleared.
type (
	Keeper struct{ variant }
	Ward   struct{ variant }
)

// Edges of Keeper.
func (Keeper) Edges() []ent.Edge {
	return []ent.Edge{edge.To("wards", Ward.Type).Annotations(contract.OnDelete(contract.Clear))}
}

// Annotations of Keeper.
func (Keeper) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Keeper.")}
}

// Fields of Ward.
func (Ward) Fields() []ent.Field {
	return []ent.Field{field.UUID("keeper_id", uuid.UUID{}).Comment("Keeper.")}
}

// Edges of Ward.
func (Ward) Edges() []ent.Edge {
	return []ent.Edge{edge.From("keeper", Keeper.Type).Ref("wards").Unique().Required().Field("keeper_id")}
}

// Annotations of Ward.
func (Ward) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Ward.")} }

func TestBuildRefusesToClearWhatMustBeThere(t *testing.T) {
	t.Parallel()
	_, err := model.Build(fixture.Graph(t, fixture.Tenant{}, Keeper{}, Ward{}), validators.Set{})
	if err == nil || !strings.Contains(err.Error(), "Ward.keeper_id can hold no null") {
		t.Errorf("got %v, want the reference that cannot be cleared", err)
	}
}
