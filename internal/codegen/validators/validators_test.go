package validators_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

const source = `package schema

type Named struct{ mixin.Schema }

func (Named) Fields() []ent.Field {
	return []ent.Field{field.String("name").NotEmpty().MaxLen(40).Comment("Name.")}
}

type Owned struct{ Named }

type Thing struct{ ent.Schema }

func (Thing) Mixin() []ent.Mixin { return []ent.Mixin{Owned{}} }

func (*Thing) Fields() []ent.Field {
	return append([]ent.Field{
		field.String("code").MinLen(2).MaxLen(0x10).Match(regexp.MustCompile("^[A-Z]+$")),
		field.Int("level").Range(-3, 7),
		field.Float("weight").Positive().Max(12.5),
		field.Int("debt").Negative(),
		field.Int("count").NonNegative(),
		field.Bool("plain"),
	}, more()...)
}
`

func read(t *testing.T, text string) (validators.Set, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "schema.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return validators.Read(dir)
}

func TestReadFindsTheLimitsOfEveryField(t *testing.T) {
	t.Parallel()
	set, err := read(t, source)
	if err != nil {
		t.Fatal(err)
	}
	number := func(n uint64) *uint64 { return &n }
	for field, want := range map[string]validators.Limits{
		"name":    {MinLen: number(1), MaxLen: number(40)}, // through two levels of mixins
		"code":    {MinLen: number(2), MaxLen: number(16), Pattern: "^[A-Z]+$"},
		"level":   {Min: "-3", Max: "7"},
		"weight":  {Min: "0", ExclusiveMin: true, Max: "12.5"},
		"debt":    {Max: "0", ExclusiveMax: true},
		"count":   {Min: "0"},
		"plain":   {},
		"unknown": {},
	} {
		if diff := cmp.Diff(want, set.Of("Thing", field)); diff != "" {
			t.Errorf("field %s (-want +got):\n%s", field, diff)
		}
	}
}

func TestReadRefusesLimitsItCannotShow(t *testing.T) {
	t.Parallel()
	for name, declaration := range map[string]string{
		"length": `field.String("code").MaxLen(limit)`,
		"range":  `field.Int("code").Range(0, limit())`,
		"match":  `field.String("code").Match(pattern)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, "package schema\nfunc (Thing) Fields() []ent.Field { return []ent.Field{"+declaration+"} }\n")
			if err == nil || !strings.Contains(err.Error(), `field "code"`) || !strings.Contains(err.Error(), "literal") ||
				!strings.Contains(err.Error(), "schema.go:2") {
				t.Errorf("got %v, want an error with field, place and remedy", err)
			}
		})
	}
}

// TestConstants reads numbers in every form that Go has for them, and writes those of JSON and SQL.
func TestConstants(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"255": "255", "-2": "-2", "0x10": "16", "1_000": "1000", "0b11": "3", "0o17": "15", "017": "15", "1<<20 - 1": "1048575", "-(1 << 63)": "-9223372036854775808", "1<<63 - 1": "9223372036854775807",
		".5": "0.5", "5.": "5", "1e3": "1000", "1e300": "1e+300", "0x1p-2": "0.25", "-0.1": "-0.1", "'a'": "97",
	} {
		dir := t.TempDir()
		file := "package schema\n\nfunc (Thing) Fields() []ent.Field {\n\treturn []ent.Field{field.Int(\"n\").Max(" + source + ")}\n}\n"
		if err := os.WriteFile(filepath.Join(dir, "thing.go"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		set, err := validators.Read(dir)
		if got := set.Of("Thing", "n").Max; err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", source, got, err, want)
		}
	}
}
