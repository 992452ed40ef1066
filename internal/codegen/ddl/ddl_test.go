package ddl_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func limits(t *testing.T) validators.Set {
	t.Helper()
	set, err := validators.Read(filepath.Join("..", "fixture"))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func write(t *testing.T) string {
	t.Helper()
	sql, err := ddl.Write(t.Context(), fixture.Graph(t, fixture.Schemas()...), limits(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(sql)
}

func TestWriteGolden(t *testing.T) {
	t.Parallel()
	got := write(t)
	golden := filepath.Join("testdata", "domain.sql")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("schema.sql differs (-want +got); rewrite it with -update if that is meant:\n%s", diff)
	}
}

// TestDatabaseEnforcesTheSchema loads the DDL into Postgres and tries what each rule is for.
func TestDatabaseEnforcesTheSchema(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	exec := func(sql string) error {
		_, err := conn.Exec(t.Context(), sql)
		return err
	}
	const (
		a = "00000000-0000-0000-0000-00000000000a"
		b = "00000000-0000-0000-0000-00000000000b"
		c = "00000000-0000-0000-0000-00000000000c"
	)
	person := func(tenant, id, set string) string {
		values := map[string]string{
			"nick": "'nick" + strings.TrimLeft(id, "0-") + "'", "mood": "'glad'", "age": "30", "height": "1.8", "salary": "10",
			"born_on": "'2000-01-01'", "photo": "''", "tags": "'{}'", "secret": "''", "country_id": "'" + c + "'", "boss_id": "NULL",
			"created_at": "now()", "updated_at": "now()",
		}
		if name, value, ok := strings.Cut(set, "="); ok {
			values[name] = value
		}
		columns, list := "tenant_id, id", "'"+tenant+"', '"+id+"'"
		for name, value := range values {
			columns, list = columns+", "+name, list+", "+value
		}
		return "INSERT INTO core.persons (" + columns + ") VALUES (" + list + ")"
	}
	for _, sql := range []string{
		write(t),
		"INSERT INTO core.tenants VALUES ('" + a + "', 'a'), ('" + b + "', 'b')",
		"INSERT INTO core.countries VALUES ('" + c + "', 'NO')",
		person(a, a, ""),
		// The same id and the same unique value in another tenant.
		person(b, a, ""),
	} {
		if err := exec(sql); err != nil {
			t.Fatalf("%.60s: %v", sql, err)
		}
	}
	for name, set := range map[string]string{
		"enum": "mood='mad'", "too long": "nick='" + strings.Repeat("x", 41) + "'", "empty": "nick=''", "below range": "age=-1",
		"above range": "age=151", "not positive": "height=0", "below minimum": "floor=-3", "boss of another tenant": "boss_id='" + b + "'",
		"unknown country": "country_id='" + a + "'", "taken nick": "nick='nicka'",
	} {
		if err := exec(person(a, c, set)); err == nil {
			t.Errorf("%s: %s was accepted", name, set)
		}
	}
	if err := exec(person(b, b, "")); err != nil {
		t.Fatal(err)
	}
	if err := exec(person(a, c, "boss_id='"+b+"'")); err == nil {
		t.Error("a boss of another tenant was accepted")
	}
}

// Pointer is global and points into a tenant, which no key could keep apart.
type Pointer struct{ ent.Schema }

func (Pointer) Mixin() []ent.Mixin { return []ent.Mixin{contract.Identified{}} }
func (Pointer) Fields() []ent.Field {
	return []ent.Field{field.UUID("badge_id", uuid.UUID{}).Comment("Badge.")}
}
func (Pointer) Edges() []ent.Edge {
	return []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique().Required().Field("badge_id").Comment("Badge.")}
}
func (Pointer) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Pointer.")}
}

func TestGlobalRowsMayNotPointIntoATenant(t *testing.T) {
	t.Parallel()
	_, err := ddl.Write(t.Context(), fixture.Graph(t, fixture.Tenant{}, fixture.Badge{}, Pointer{}), validators.Set{})
	if err == nil || !strings.Contains(err.Error(), "cannot point into a tenant") {
		t.Errorf("got %v, want a refusal", err)
	}
}
