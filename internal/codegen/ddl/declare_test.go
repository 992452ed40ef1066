package ddl_test

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// Sheet has fields that Postgres computes, one by a function that a file declares.
type Sheet struct{ ent.Schema }

func (Sheet) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (Sheet) Fields() []ent.Field {
	return []ent.Field{
		field.String("title").MaxLen(100).Comment("Title."),
		field.String("handle").Optional().Nillable().Annotations(contract.Generated("core.handle(title)")).Comment("Handle."),
		field.Int("length").Optional().Nillable().Annotations(contract.Generated("char_length(title)")).Comment("Length."),
	}
}

func (Sheet) Indexes() []ent.Index { return []ent.Index{index.Fields("handle").Unique()} }

func (Sheet) Annotations() []schema.Annotation { return []schema.Annotation{schema.Comment("Sheet.")} }

// The file works in the order in which it is written: functions that tables call stand before them, what stands on tables behind.
func TestDeclared(t *testing.T) {
	t.Parallel()
	declared, err := sqlfile.Parse("ent/schema/page.sql", `
CREATE VIEW core.titles WITH (security_invoker = true) AS SELECT title FROM core.sheets;
CREATE FUNCTION core.count_titles() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM core.titles $$;
CREATE FUNCTION core.lowered(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1) $$;
CREATE FUNCTION core.handle(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT core.lowered($1) $$;
GRANT EXECUTE ON FUNCTION core.handle(text) TO core_app;
CREATE INDEX sheets_lowered ON core.sheets (tenant_id, core.lowered(title));
CREATE EXTENSION pg_trgm;
`)
	if err != nil {
		t.Fatal(err)
	}
	sql, err := ddl.Write(t.Context(), fixture.Graph(t, fixture.Tenant{}, Sheet{}), validators.Set{}, declared...)
	if err != nil {
		t.Fatal(err)
	}
	text := string(sql)
	for _, order := range [][]string{
		{`CREATE SCHEMA "core"`, `CREATE ROLE "core_app"`, "FUNCTION core.lowered", "FUNCTION core.handle", "GRANT EXECUTE", "CREATE EXTENSION pg_trgm", `CREATE TABLE "core"."sheets"`, "CREATE VIEW", "count_titles", "sheets_lowered"},
		{`"handle" character varying NULL GENERATED ALWAYS AS (core.handle(title)) STORED,`, `"length" bigint NULL GENERATED ALWAYS AS (char_length(title)) STORED,`},
	} {
		rest := text
		for _, part := range order {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%s is not there, or not behind what goes before it:\n%s", part, text)
			}
			rest = after
		}
	}
	conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	if _, err := conn.Exec(t.Context(), text); err != nil {
		t.Errorf("the desired state does not load: %v", err)
	}
}
