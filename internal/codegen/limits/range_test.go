package limits_test

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// One is an entity with one field.
type One struct {
	ent.Schema
	of ent.Field
}

func (One) Mixin() []ent.Mixin    { return []ent.Mixin{contract.TenantOwned{}} }
func (o One) Fields() []ent.Field { return []ent.Field{o.of} }

// limit returns the limits of the field, whose validators are found.
func limit(t *testing.T, f ent.Field, found validators.Limits) (validators.Limits, error) {
	t.Helper()
	for _, node := range fixture.Graph(t, fixture.Tenant{}, One{of: f}).Nodes {
		if node.Name == "One" {
			return limits.Of(node, node.Fields[len(node.Fields)-1], validators.Found("One", node.Fields[len(node.Fields)-1].Name, found))
		}
	}
	t.Fatal("the entity is gone")
	return validators.Limits{}, nil
}

func in(column string) map[string]string { return map[string]string{dialect.Postgres: column} }

// TestIntegersStayExact bounds integers by what their type, their column and a JSON number hold.
func TestIntegersStayExact(t *testing.T) {
	t.Parallel()
	const safe, most = "9007199254740991", "9223372036854775807"
	for name, c := range map[string]struct {
		of          ent.Field
		found       validators.Limits
		least, most string
	}{
		"int64":               {field.Int64("n"), validators.Limits{}, "-" + safe, safe},
		"int":                 {field.Int("n"), validators.Limits{Min: "0", ExclusiveMin: true, Max: "10"}, "0", "10"},
		"wider validators":    {field.Int64("n"), validators.Limits{Min: "-9223372036854775808", Max: most}, "-" + safe, safe},
		"uint64":              {field.Uint64("n"), validators.Limits{}, "0", safe},
		"int32":               {field.Int32("n"), validators.Limits{}, "-2147483648", "2147483647"},
		"int64 in integer":    {field.Int64("n").SchemaType(in("integer")), validators.Limits{}, "-2147483648", "2147483647"},
		"int64 in numeric":    {field.Int64("n").SchemaType(in("numeric(3)")), validators.Limits{}, "-999", "999"},
		"text":                {field.Int64("n").Annotations(contract.AsText()), validators.Limits{}, "-9223372036854775808", most},
		"text without sign":   {field.Uint64("n").Annotations(contract.AsText()), validators.Limits{Max: "9007199254740993"}, "0", "9007199254740993"},
		"of the server":       {field.Int("n").Annotations(contract.ServerOwned()), validators.Limits{}, "", ""},
		"a default that fits": {field.Int64("n").Default(9007199254740991), validators.Limits{}, "-" + safe, safe},
	} {
		l, err := limit(t, c.of, c.found)
		if err != nil || l.Min != c.least || l.Max != c.most || l.ExclusiveMin != c.found.ExclusiveMin {
			t.Errorf("%s: got %q to %q (%v), want %q to %q", name, l.Min, l.Max, err, c.least, c.most)
		}
	}
}

// TestWhatNothingCarriesIsRefused names the remedy.
func TestWhatNothingCarriesIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of    ent.Field
		found validators.Limits
		want  string
	}{
		"a default beyond":           {field.Int64("n").Default(9007199254740993), validators.Limits{}, "DefaultFunc"},
		"a default beyond, as text":  {field.Int64("n").Default(9007199254740993).Annotations(contract.AsText()), validators.Limits{}, "DefaultFunc"},
		"a default of a uint64":      {field.Uint64("n").Default(1 << 63), validators.Limits{}, "DefaultFunc"},
		"a default out of its range": {field.Int("n").Default(11), validators.Limits{Min: "0", Max: "10"}, "out of its own range"},
		"a default at its edge":      {field.Float("n").Default(0), validators.Limits{Min: "0", ExclusiveMin: true}, "out of its own range"},
		"a range beyond":             {field.Int64("n"), validators.Limits{Min: "9007199254740992"}, "contract.AsText()"},
		"a range without a number":   {field.Int("n"), validators.Limits{Min: "5", Max: "4"}, "no number"},
		"an empty range":             {field.Int("n"), validators.Limits{Min: "0", Max: "0", ExclusiveMax: true}, "no number"},
		"a text for it":              {field.String("n").Annotations(contract.AsText()), validators.Limits{}, "contract.AsText is for integers of 64 bits"},
		"places in an integer":       {field.Int("n").SchemaType(in("numeric(5,2)")), validators.Limits{}, "a numeric without places"},
		"any places in an integer":   {field.Int("n").SchemaType(in("numeric")), validators.Limits{}, "a numeric without places"},
		"an integer in a text":       {field.Int("n").SchemaType(in("text")), validators.Limits{}, "an integer, such as bigint"},
		"a real that is a double":    {field.Float32("n").SchemaType(in("double precision")), validators.Limits{}, "take real"},
		"a text that is a day":       {field.String("n").SchemaType(in("date")), validators.Limits{}, "field.Time"},
		"a text that is cut":         {field.String("n").SchemaType(in("name")), validators.Limits{}, "varchar(63)"},
		"texts that are days":        {field.Other("n", pq.StringArray{}).SchemaType(in("date[]")), validators.Limits{}, "text[]"},
		"a short enumeration":        {field.Enum("n").Values("red", "blue").SchemaType(in("varchar(3)")), validators.Limits{}, `"blue" has 4 characters`},
		"an inexact decimal":         {field.Other("n", decimal.Decimal{}).SchemaType(in("double precision")), validators.Limits{}, "numeric(12,2)"},
		"JSON in an array":           {field.Strings("n").SchemaType(in("text[]")), validators.Limits{}, "pq.StringArray"},
		"an id in a text":            {field.UUID("n", uuid.UUID{}).SchemaType(in("text")), validators.Limits{}, "take uuid"},
		"a text for a short one":     {field.Int32("n").Annotations(contract.AsText()), validators.Limits{}, "contract.AsText is for integers of 64 bits"},
	} {
		if _, err := limit(t, c.of, c.found); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, c.want)
		}
	}
}
