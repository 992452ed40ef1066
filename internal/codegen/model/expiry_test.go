package model_test

import (
	"strings"
	"testing"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Fleeting has rows that expire.
type Fleeting struct {
	variant
	indexes []ent.Index
}

// Indexes of Fleeting.
func (f Fleeting) Indexes() []ent.Index { return f.indexes }

func TestReadExpiringNamesWhatToWriteInstead(t *testing.T) {
	t.Parallel()
	fields := []ent.Field{field.Time("made_at").Comment("When made."), field.String("code").Comment("Code.")}
	indexes := []ent.Index{index.Fields("made_at")}
	for name, c := range map[string]struct {
		field   string
		after   time.Duration
		indexes []ent.Index
		want    string
	}{
		"as it should be":  {field: "made_at", after: time.Hour, indexes: indexes},
		"no such field":    {field: "made", after: time.Hour, indexes: indexes, want: `"made" is no time field`},
		"a text":           {field: "code", after: time.Hour, indexes: indexes, want: `"code" is no time field`},
		"no time at all":   {field: "made_at", indexes: indexes, want: "give a duration above zero"},
		"without an index": {field: "made_at", after: time.Hour, want: `add index.Fields("made_at")`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleeting := Fleeting{variant{fields: fields, annotations: []schema.Annotation{
				schema.Comment("Fleeting."), contract.Internal(), contract.Expires(c.field, c.after),
			}}, c.indexes}
			graph := fixture.Graph(t, append(fixture.Schemas(), fleeting)...)
			tables, err := ddl.Tables(graph, validators.Set{})
			if err != nil {
				t.Fatal(err)
			}
			found, err := model.ReadExpiring(graph, tables)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Fleeting") {
					t.Errorf("got %v, want %s", err, c.want)
				}
				return
			}
			if want := (model.Expiring{Table: "fleetings", Column: "made_at", After: time.Hour, TenantOwned: true}); err != nil || len(found) != 1 || found[0] != want {
				t.Errorf("got %v, %v, want %v", found, err, want)
			}
		})
	}
}

// Brief has rows that expire, and Remark rows that refer to them.
type (
	Brief  struct{ variant }
	Remark struct{ variant }
)

// Fields of Brief.
func (Brief) Fields() []ent.Field { return []ent.Field{field.Time("made_at").Comment("When made.")} }

// Indexes of Brief.
func (Brief) Indexes() []ent.Index { return []ent.Index{index.Fields("made_at")} }

// Edges of Brief.
func (Brief) Edges() []ent.Edge { return []ent.Edge{edge.To("remarks", Remark.Type)} }

// Annotations of Brief.
func (Brief) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Brief."), contract.Expires("made_at", time.Hour)}
}

// Fields of Remark.
func (Remark) Fields() []ent.Field {
	return []ent.Field{field.UUID("brief_id", uuid.UUID{}).Comment("Brief.")}
}

// Edges of Remark.
func (Remark) Edges() []ent.Edge {
	return []ent.Edge{edge.From("brief", Brief.Type).Ref("remarks").Unique().Required().Field("brief_id")}
}

// TestReadExpiringRefusesWhatOthersKeep has rows expire that others refer to.
func TestReadExpiringRefusesWhatOthersKeep(t *testing.T) {
	t.Parallel()
	graph := fixture.Graph(t, fixture.Tenant{}, Brief{}, Remark{})
	tables, err := ddl.Tables(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.ReadExpiring(graph, tables); err == nil || !strings.Contains(err.Error(), "rows of remarks refer to it") {
		t.Errorf("got %v, want the table that refers to it", err)
	}
}
