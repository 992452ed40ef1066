package crud

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

// Firm takes its clerks along, who write letters, which go as well; a firm's boss is a clerk.
type (
	Firm   struct{ ent.Schema }
	Clerk  struct{ ent.Schema }
	Letter struct{ ent.Schema }
	// Lodge is a Firm whose boss cannot be changed.
	Lodge   struct{ ent.Schema }
	Brother struct{ ent.Schema }
)

func ownedOnes() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func said(text string) []schema.Annotation { return []schema.Annotation{schema.Comment(text)} }

func maybe(name string) ent.Field {
	return field.UUID(name, uuid.UUID{}).Optional().Nillable().Comment("Reference.")
}

func must(name string) ent.Field { return field.UUID(name, uuid.UUID{}).Comment("Reference.") }

func (Firm) Mixin() []ent.Mixin                 { return ownedOnes() }
func (Firm) Annotations() []schema.Annotation   { return said("Firm.") }
func (Firm) Fields() []ent.Field                { return []ent.Field{maybe("boss_id")} }
func (Clerk) Mixin() []ent.Mixin                { return ownedOnes() }
func (Clerk) Annotations() []schema.Annotation  { return said("Clerk.") }
func (Clerk) Fields() []ent.Field               { return []ent.Field{must("firm_id"), maybe("teacher_id")} }
func (Letter) Mixin() []ent.Mixin               { return ownedOnes() }
func (Letter) Annotations() []schema.Annotation { return said("Letter.") }
func (Letter) Fields() []ent.Field              { return []ent.Field{must("clerk_id")} }
func (Firm) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("boss", Clerk.Type).Unique().Field("boss_id"),
		edge.To("clerks", Clerk.Type).Annotations(contract.OnDelete(contract.Cascade)),
	}
}
func (Clerk) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("firm", Firm.Type).Ref("clerks").Unique().Required().Field("firm_id"),
		edge.To("pupils", Clerk.Type).Annotations(contract.OnDelete(contract.Clear)).From("teacher").Unique().Field("teacher_id"),
		edge.To("letters", Letter.Type).Annotations(contract.OnDelete(contract.Cascade)),
	}
}
func (Letter) Edges() []ent.Edge {
	return []ent.Edge{edge.From("clerk", Clerk.Type).Ref("letters").Unique().Required().Field("clerk_id")}
}
func (Lodge) Mixin() []ent.Mixin               { return ownedOnes() }
func (Lodge) Annotations() []schema.Annotation { return said("Lodge.") }
func (Lodge) Fields() []ent.Field {
	return []ent.Field{field.UUID("master_id", uuid.UUID{}).Optional().Nillable().Immutable().Comment("Reference.")}
}
func (Lodge) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("master", Brother.Type).Unique().Immutable().Field("master_id"),
		edge.To("brothers", Brother.Type).Annotations(contract.OnDelete(contract.Cascade)),
	}
}
func (Brother) Mixin() []ent.Mixin               { return ownedOnes() }
func (Brother) Annotations() []schema.Annotation { return said("Brother.") }
func (Brother) Fields() []ent.Field              { return []ent.Field{must("lodge_id")} }
func (Brother) Edges() []ent.Edge {
	return []ent.Edge{edge.From("lodge", Lodge.Type).Ref("brothers").Unique().Required().Field("lodge_id")}
}

func doomedAmong(t *testing.T, schemas ...ent.Interface) ([]doomed, error) {
	t.Helper()
	graph := fixture.Graph(t, append(fixture.Schemas(), schemas...)...)
	entities, err := model.Build(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	tables, err := ddl.Tables(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	return doomedOf(entities, tables)
}

// TestWhatGoesTogetherGoesChildrenFirst: letters unread, clerks after the firm's reference to one was cleared, the firm last.
func TestWhatGoesTogetherGoesChildrenFirst(t *testing.T) {
	t.Parallel()
	order, err := doomedAmong(t, Firm{}, Clerk{}, Letter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range order {
		text := d.Type.Name
		if d.Leaf {
			text += " unread"
		}
		for _, r := range d.Clears {
			text += fmt.Sprintf(" clears %s.%s", r.Type.Name, r.Column.Name)
		}
		for _, r := range d.Opens {
			text += fmt.Sprintf(" opens %s.%s", r.From.Name, r.Column.Name)
		}
		got = append(got, text)
	}
	if got, want := strings.Join(got, ", "), "Letter unread, Clerk clears Clerk.teacher_id opens Firm.boss_id, Firm"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestACircleThatCannotBeClearedIsRefused(t *testing.T) {
	t.Parallel()
	_, err := doomedAmong(t, Lodge{}, Brother{})
	if err == nil || !strings.Contains(err.Error(), "Lodge.master_id: rows of Lodge and Brother") || !strings.Contains(err.Error(), "not Immutable") {
		t.Errorf("got %v, want the reference that cannot be cleared", err)
	}
}
