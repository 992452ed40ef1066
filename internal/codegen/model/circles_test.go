package model_test

import (
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Red, Green and Blue are a circle of three; Grey leads into it and is not part of it.
type (
	Red   struct{ variant }
	Green struct{ variant }
	Blue  struct{ variant }
	Grey  struct{ variant }
)

func (Red) Annotations() []schema.Annotation   { return []schema.Annotation{schema.Comment("Red.")} }
func (Green) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Green.")} }
func (Blue) Annotations() []schema.Annotation  { return []schema.Annotation{schema.Comment("Blue.")} }
func (Grey) Annotations() []schema.Annotation  { return []schema.Annotation{schema.Comment("Grey.")} }
func (Red) Fields() []ent.Field                { return reference("green_id") }
func (Green) Fields() []ent.Field              { return reference("blue_id") }
func (Blue) Fields() []ent.Field               { return append(reference("red_id"), reference("badge_id")...) }
func (Grey) Fields() []ent.Field               { return reference("red_id") }
func (Red) Edges() []ent.Edge {
	return []ent.Edge{edge.To("green", Green.Type).Unique().Field("green_id")}
}
func (Green) Edges() []ent.Edge {
	return []ent.Edge{edge.To("blue", Blue.Type).Unique().Field("blue_id")}
}
func (Blue) Edges() []ent.Edge {
	return []ent.Edge{edge.To("red", Red.Type).Unique().Field("red_id"), edge.To("badge", fixture.Badge.Type).Unique().Field("badge_id")}
}
func (Grey) Edges() []ent.Edge {
	return []ent.Edge{edge.To("red", Red.Type).Unique().Field("red_id")}
}

// TestCirclesAreShownToDepthOne: both ways, whatever their length, and by a type without expansions; what leads into a circle
// goes on into it.
func TestCirclesAreShownToDepthOne(t *testing.T) {
	t.Parallel()
	entities, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), Red{}, Green{}, Blue{}, Grey{}, Seat{}, Guest{}, Link{})...), validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entities {
		var shown []string
		for _, x := range e.Expansions {
			shown = append(shown, x.Name+" "+x.Schema())
		}
		got[e.Name] = strings.Join(shown, ", ") + ": " + strings.Join(e.ExpandPaths(), ",")
		if based := slices.Contains(e.Views(), e.BaseName()); based != e.HasBase() {
			t.Errorf("%s: got a view without expansions %t, want %t", e.Name, based, e.HasBase())
		}
	}
	for name, want := range map[string]string{
		"Red":    "green GreenBase: green",
		"Green":  "blue BlueBase: blue",
		"Blue":   "red RedBase, badge Badge: red,badge",
		"Grey":   "red Red: red,red.green",
		"Seat":   "guest GuestBase: guest",
		"Guest":  "seat SeatBase: seat",
		"Link":   "next LinkBase, previous LinkBase: next,previous",
		"Person": "boss PersonBase, country Country, team Person, badges Badge: boss,country,team,team.boss,team.country,team.team,team.badges,badges",
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBuildRefusesExpansionsOfOneName(t *testing.T) {
	t.Parallel()
	said := []schema.Annotation{schema.Comment("Variant.")}
	through := func(name string) []ent.Edge {
		return []ent.Edge{edge.To("crates", Crate.Type).Annotations(contract.Through(name, "variant")), edge.To("badge", fixture.Badge.Type).Unique().Field("badge_id")}
	}
	for name, want := range map[string]string{"badge_id": `edge crates: its rows would be the member "badgeId", which is the field badge_id`, "badge": `edge crates: its rows would be the member "badge", which is the edge badge`} {
		_, err := model.Build(fixture.Graph(t, append(fixture.Schemas(), Variant{variant{fields: reference("badge_id"), edges: through(name), annotations: said}}, Crate{})...), validators.Set{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}
