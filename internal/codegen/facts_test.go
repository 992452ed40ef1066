package codegen

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// shown is a schema of the published contract.
type shown struct {
	Type, Description, Pattern string
	Nullable                   bool
	Enum                       []any
	Default                    any
	MinLength, MaxLength       *uint64
	Minimum, Maximum           json.Number
	Properties                 map[string]shown
	Required                   []string
}

// facts compares the schema's own facts with what contract and SDK say, and returns what is missing.
func facts(entities []*model.Entity, document []byte, types string) ([]string, error) {
	var doc struct {
		Paths      map[string]map[string]struct{ OperationID, Description string }
		Components struct{ Schemas map[string]shown }
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	descriptions := map[string]string{}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			descriptions[op.OperationID] = op.Description
		}
	}
	for _, e := range entities {
		for _, rule := range e.Rules() {
			id := e.Resource + "." + map[bool]string{true: "get", false: string(rule.Verb)}[rule.Verb == contract.Read]
			if text := descriptions[id]; !rule.Platform && !strings.Contains(text, "`"+rule.Permission+"`") || rule.Platform && !strings.Contains(text, "platform token") {
				say("%s does not name who may call it: %q", id, text)
			}
		}
		answer := doc.Components.Schemas[e.Name]
		for _, f := range e.Fields { // Ent's descriptor of each is f.Ent
			p, ok := answer.Properties[f.JSON]
			if !ok || !slices.Contains(answer.Required, f.JSON) || !strings.Contains(p.Description, f.Ent.Comment()) || p.Nullable != (f.Ent.Nillable || f.Guard != nil) {
				say("%s.%s is not answered as declared: %+v", e.Name, f.JSON, p)
			}
			member := regexp.MustCompile(`(?s)export type ` + e.Name + ` = \{.*?\n    ` + f.JSON + `: ([^;]+);`).FindStringSubmatch(types)
			if member == nil || strings.Contains(member[1], "| null") != p.Nullable {
				say("the SDK's %s.%s is %v, nullable %t in the contract", e.Name, f.JSON, member, p.Nullable)
				continue
			}
			for _, value := range f.Ent.EnumValues() {
				if !slices.Contains(p.Enum, any(value)) || !strings.Contains(member[1], "'"+value+"'") {
					say("%s.%s: the value %s is missing: %v, %s", e.Name, f.JSON, value, p.Enum, member[1])
				}
			}
		}
		for _, body := range []struct {
			name   string
			verb   contract.Verb
			fields []*model.Field
		}{{e.Name + "Create", contract.Create, e.Creatable()}, {e.Name + "Update", contract.Update, e.Updatable()}} {
			if !e.Has(body.verb) {
				continue
			}
			for _, f := range body.fields {
				p, ok := doc.Components.Schemas[body.name].Properties[f.JSON]
				if !ok {
					say("%s takes no %s", body.name, f.JSON)
					continue
				}
				if l := f.Limits; !equal(l.MinLen, p.MinLength) || !equal(l.MaxLen, p.MaxLength) || l.Pattern != "" && l.Pattern != p.Pattern || l.Min != p.Minimum.String() || l.Max != p.Maximum.String() {
					say("%s.%s: the limits are %+v, declared %+v", body.name, f.JSON, p, l)
				}
				// ogen takes no default of an array; the body without it means the same.
				if f.Kind != model.TextList && f.Ent.Default && !f.Ent.DefaultFunc() && f.Ent.DefaultValue() != nil && body.verb == contract.Create && fmt.Sprint(f.Ent.DefaultValue()) != fmt.Sprint(p.Default) {
					say("%s.%s: the default is %v, declared %v", body.name, f.JSON, p.Default, f.Ent.DefaultValue())
				}
				if must := !f.Ent.Optional && !f.Ent.Default && body.verb == contract.Create; must != slices.Contains(doc.Components.Schemas[body.name].Required, f.JSON) {
					say("%s.%s: required is not %t", body.name, f.JSON, must)
				}
			}
		}
	}
	return wrong, nil
}

func equal(a, b *uint64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// TestContractAndSDKSayWhatTheSchemaSays reads Ent's descriptors and finds every field, limit, value, default, nullability,
// comment and permission in the contract and in the SDK's types; a fault planted in either is seen.
func TestContractAndSDKSayWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	w := &Workspace{Root: filepath.Join("..", "..")}
	if root, err := filepath.Abs(w.Root); err == nil {
		w.Root = root
	}
	if err := w.load(); err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(w.path("openapi", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	types, err := os.ReadFile(w.path("clients", "ts", "src", "generated", "types.ts"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := facts(w.entities, document, string(types))
	if err != nil || len(wrong) > 0 {
		t.Errorf("%v %s", err, strings.Join(wrong, "\n"))
	}
	for name, fault := range map[string]struct {
		old, text string
		sdk       bool
	}{
		"field":      {`"managerId": {`, `"leaderId": {`, false},
		"limit":      {`"maxLength": 255`, `"maxLength": 254`, false},
		"value":      {`"inactive"`, `"idle"`, false},
		"default":    {`"default": "active"`, `"default": "inactive"`, false},
		"nullable":   {`"nullable": true`, `"nullable": false`, false},
		"comment":    {"Name shown to other people.", "Name.", false},
		"permission": {"`users:read`", "`users:see`", false},
		"SDK field":  {"displayName", "name", true},
		"SDK null":   {"managerId: string | null", "managerId: string", true},
		"SDK value":  {"'active' | 'inactive'", "'active'", true},
	} {
		d, ts := string(document), string(types)
		if fault.sdk {
			ts = strings.ReplaceAll(ts, fault.old, fault.text)
		} else {
			d = strings.ReplaceAll(d, fault.old, fault.text)
		}
		if d == string(document) && ts == string(types) {
			t.Errorf("%s: there is no %s to spoil", name, fault.old)
		}
		if wrong, err := facts(w.entities, []byte(d), ts); err != nil || len(wrong) == 0 {
			t.Errorf("%s: the fault is not seen (%v)", name, err)
		}
	}
}
