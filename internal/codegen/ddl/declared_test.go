package ddl_test

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	entschema "entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

func TestCheckNamesItsColumns(t *testing.T) {
	t.Parallel()
	table := schema.NewTable("t")
	for _, name := range []string{"starts_on", "ends_on", "state", "a b", "Größe", "numeric", "length", "e"} {
		table.AddColumn(&schema.Column{Name: name})
	}
	for expression, want := range map[string]string{
		`ends_on >= starts_on`:                           "starts_on ends_on",
		`"ENDS_ON" > Starts_On`:                          "starts_on",
		`state <> 'ends_on' AND state <> E'\'starts_on'`: "state",
		`length(state) > 3 AND length (state) > 4`:       "state",
		`state::numeric > 1e5`:                           "state",
		`"a b" > 0 -- state`:                             "a b",
		`/* ends_on */ "Größe" IS NOT NULL`:              "Größe",
		`(length + "numeric") > 0`:                       "numeric length",
		`true`:                                           "",
	} {
		var got []string
		for _, c := range ddl.CheckColumns(table, expression) {
			got = append(got, c.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", expression, got, want)
		}
	}
}

// Lock has CHECKs of each kind and bytes of a least length.
type Lock struct {
	ent.Schema
	more []entschema.Annotation
}

func (Lock) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

func (Lock) Fields() []ent.Field {
	return []ent.Field{field.Bytes("key").MinLen(32).MaxLen(64), field.Int("a"), field.Int("b"), field.Float32("ratio").Max(0.1)}
}

func (l Lock) Annotations() []entschema.Annotation {
	return append([]entschema.Annotation{entsql.Check("a < b"), entsql.Checks(map[string]string{"locks_a_check2": "a > 0"}), contract.Check("locks_sum_check", "a + b < 9", "Less.")}, l.more...)
}

func checksOf(t *testing.T, l Lock) (map[string]string, error) {
	t.Helper()
	most, least := uint64(64), uint64(32)
	found := validators.Found("Lock", "key", validators.Limits{MinLen: &least, MaxLen: &most})
	found.Add("Lock", "ratio", validators.Limits{Max: "0.1"})
	tables, err := ddl.Tables(fixture.Graph(t, fixture.Tenant{}, l), found)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		if table.Name == "locks" {
			return table.Annotation.Checks, nil
		}
	}
	t.Fatal("the table is gone")
	return nil, nil
}

func TestChecksOfTheSchema(t *testing.T) {
	t.Parallel()
	got, err := checksOf(t, Lock{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"locks_check": "a < b", "locks_a_check2": "a > 0", "locks_sum_check": "a + b < 9",
		"locks_key_check": `octet_length("key") >= 32`, "locks_key_limit": `octet_length("key") <= 64`,
		"locks_ratio_check": `"ratio" <= '0.1'::real`,
		"locks_a_limit":     `"a" >= -9007199254740991 AND "a" <= 9007199254740991`,
	} {
		if got[name] != want {
			t.Errorf("%s: got %s, want %s", name, got[name], want)
		}
	}
	for want, more := range map[string]entschema.Annotation{
		"declared twice":       contract.Check("locks_check", "a > 1", "More."),
		"needs a name":         contract.Check("locks_b_check", "b > 1", ""),
		`"locks_key_check" is`: contract.Check("locks_key_check", "a > 1", "More."),
	} {
		if _, err := checksOf(t, Lock{more: []entschema.Annotation{more}}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "entity Lock") {
			t.Errorf("got %v, want the entity and %q", err, want)
		}
	}
}
