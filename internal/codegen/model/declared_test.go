package model_test

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Letter is searched by its words.
type Letter struct{ ent.Schema }

func (Letter) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (Letter) Fields() []ent.Field {
	return []ent.Field{
		field.String("text").Comment("Text."),
		field.String("sender").Optional().Nillable().Annotations(contract.VisibleWith("letters:read_sender", "")).Comment("Sender."),
	}
}

func (Letter) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Letter."), contract.FullText("words", "english")}
}

func TestDeclaredSQLFitsTheEntities(t *testing.T) {
	t.Parallel()
	const words = "ALTER TABLE core.letters ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED;"
	graph := fixture.Graph(t, fixture.Tenant{}, Letter{})
	entities, err := model.Build(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	tables, err := ddl.Tables(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ sql, says string }{
		"fits":                 {words, ""},
		"no column":            {"", `contract.FullText("words"): no file of ent/schema/*.sql declares that column`},
		"no words":             {strings.NewReplacer("tsvector GENERATED", "text GENERATED", "to_tsvector('english', text)", "upper(text)").Replace(words), "declares that column as a tsvector"},
		"another language":     {strings.Replace(words, "english", "german", 1), "with another configuration"},
		"what few may see":     {strings.Replace(words, ", text", ", text || sender", 1), "makes the column of sender, which not every reader may see"},
		"no table":             {words + "CREATE INDEX i ON core.posts (a);", "ent/schema/x.sql:1: there is no table posts"},
		"a field of that name": {words + "ALTER TABLE core.letters ADD COLUMN text text GENERATED ALWAYS AS ('') STORED;", "letters has a field text already"},
		"an index of a view":   {words + "CREATE MATERIALIZED VIEW core.v AS SELECT 1 AS a; CREATE INDEX i ON core.v (a);", ""},
	} {
		declared, err := sqlfile.Parse("ent/schema/x.sql", test.sql)
		if err != nil {
			t.Fatal(err)
		}
		err = model.CheckDeclared(entities, tables, declared)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: got %v, want %q", name, err, test.says)
		}
	}
}

// Typist has a generated field that a create would have to set.
type Typist struct{ ent.Schema }

func (Typist) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (Typist) Fields() []ent.Field {
	return []ent.Field{field.String("name").Default("x").Annotations(contract.Generated("''")).Comment("Name.")}
}

func (Typist) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Typist.")}
}

func TestGeneratedFieldsAreWrittenByPostgres(t *testing.T) {
	t.Parallel()
	if _, err := model.Build(fixture.Graph(t, fixture.Tenant{}, Typist{}), validators.Set{}); err == nil || !strings.Contains(err.Error(), "entity Typist: field name is contract.Generated") {
		t.Errorf("got %v, want the field refused", err)
	}
}
