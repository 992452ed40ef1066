package model_test

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	base "github.com/lockstep-dev/lockstep/ent/schema"
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

func (variant) Mixin() []ent.Mixin                 { return []ent.Mixin{base.TenantOwned{}} }
func (v variant) Fields() []ent.Field              { return v.fields }
func (v variant) Edges() []ent.Edge                { return v.edges }
func (v variant) Annotations() []schema.Annotation { return v.annotations }

// Variant has a name that Ent can print; MarshalSchema takes it from the type.
type Variant struct{ variant }

func TestBuildRefusesWhatTheContractCannotSay(t *testing.T) {
	t.Parallel()
	said := []schema.Annotation{schema.Comment("Variant.")}
	for name, c := range map[string]struct {
		variant variant
		want    string
	}{
		"entity without comment": {variant{}, "has no comment"},
		"field without comment":  {variant{fields: []ent.Field{field.String("code")}, annotations: said}, "field code has no comment"},
		"optional not nillable":  {variant{fields: []ent.Field{field.String("code").Optional().Comment("Code.")}, annotations: said}, "add .Nillable()"},
		"unknown type":           {variant{fields: []ent.Field{field.JSON("code", map[string]any{}).Comment("Code.")}, annotations: said}, "no place in the contract"},
		"many to many":           {variant{edges: []ent.Edge{edge.To("people", fixture.Badge.Type)}, annotations: append(said, contract.Detail("X", "nothing"))}, `"nothing"`},
		"sort by nothing":        {variant{annotations: append(said, contract.Sort("gone"))}, `contract.Sort("gone")`},
		"access by no user":      {variant{fields: []ent.Field{field.String("code").Comment("Code.")}, annotations: append(said, contract.Allow(contract.Read, contract.Self("code")))}, `"code"`},
		"relation without a row": {variant{annotations: append(said, contract.Allow(contract.Create, contract.Self("id")))}, "needs a row"},
		"through a missing edge": {variant{edges: []ent.Edge{edge.To("people", fixture.Badge.Type).Annotations(contract.Through("x", "gone"))}, annotations: said}, `"gone"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), Variant{c.variant})...), validators.Set{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Variant") {
				t.Errorf("got %v, want an error about Variant with %q", err, c.want)
			}
		})
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
	fields := []ent.Field{field.String("code").Comment("Code."), field.Time("seen_at").Comment("When seen.")}
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
