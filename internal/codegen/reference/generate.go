package reference

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"entgo.io/ent"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
	entschema "entgo.io/ent/schema"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/openapi"
	"github.com/lockstep-dev/lockstep/internal/codegen/reference/schema"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// generated is what the generators make of the domain.
type generated struct {
	SQL      string
	Contract []byte
}

// without is an entity that lacks one element.
type without struct {
	ent.Interface
	list list
	at   int
}

func (w without) Mixin() []ent.Mixin {
	out := w.Interface.Mixin()
	if w.list != mixins {
		return out
	}
	if _, ok := out[w.at].(contract.TenantOwned); ok {
		return append([]ent.Mixin{contract.Identified{}}, slices.Delete(slices.Clone(out), w.at, w.at+1)...)
	}
	return slices.Delete(slices.Clone(out), w.at, w.at+1)
}

func (w without) Fields() []ent.Field  { return leave(w, fields, w.Interface.Fields()) }
func (w without) Edges() []ent.Edge    { return leave(w, edges, w.Interface.Edges()) }
func (w without) Indexes() []ent.Index { return leave(w, indexes, w.Interface.Indexes()) }
func (w without) Annotations() []entschema.Annotation {
	return leave(w, annotations, w.Interface.Annotations())
}

func leave[T any](w without, from list, elements []T) []T {
	if w.list != from {
		return elements
	}
	return slices.Delete(slices.Clone(elements), w.at, w.at+1)
}

// generate makes SQL and contract of the domain below dir, without the row where one is given.
func generate(ctx context.Context, dir string, leftOut *row) (generated, error) {
	var loaded []*load.Schema
	var edge string // that is left out, and its inverse with it
	for _, entity := range schema.All() {
		name := reflect.TypeOf(entity).Name()
		if leftOut != nil && leftOut.entity == name {
			if leftOut.list == edges {
				edge = entity.Edges()[leftOut.at].Descriptor().Name
			}
			entity = without{entity, leftOut.list, leftOut.at}
		}
		encoded, err := load.MarshalSchema(entity)
		if err != nil {
			return generated{}, fmt.Errorf("encode %s: %w", name, err)
		}
		one, err := load.UnmarshalSchema(encoded)
		if err != nil {
			return generated{}, fmt.Errorf("decode %s: %w", name, err)
		}
		one.Name = name
		loaded = append(loaded, one)
	}
	for _, one := range loaded {
		one.Edges = slices.DeleteFunc(one.Edges, func(e *load.Edge) bool {
			return leftOut != nil && edge != "" && e.Inverse && e.Type == leftOut.entity && e.RefName == edge
		})
	}
	storage, err := gen.NewStorage("sql")
	if err != nil {
		return generated{}, fmt.Errorf("choose Ent storage: %w", err)
	}
	graph, err := gen.NewGraph(&gen.Config{Package: "example.com/project/ent", Target: os.TempDir(), Storage: storage, Features: []gen.Feature{gen.FeatureSchemaConfig}}, loaded...)
	if err != nil {
		return generated{}, fmt.Errorf("build the graph: %w", err)
	}
	limits, err := validators.Read(dir)
	if err != nil {
		return generated{}, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "letter.sql"))
	if err != nil {
		return generated{}, fmt.Errorf("read declared SQL: %w", err)
	}
	declared, err := sqlfile.Parse("ent/schema/letter.sql", string(text))
	if err != nil {
		return generated{}, err
	}
	sql, err := ddl.Write(ctx, graph, limits, declared...)
	if err != nil {
		return generated{}, err
	}
	entities, err := model.Build(graph, limits)
	if err != nil {
		return generated{}, err
	}
	contract, err := openapi.Write(graph, entities, openapi.Info{Title: "Reference", Version: "1.0.0"}, nil)
	return generated{string(sql), contract}, err
}

// sqlOf are the lines of SQL that are there with the row and not without it.
func sqlOf(with, without string) []string {
	lines := func(sql string) []string {
		var out []string
		for line := range strings.Lines(sql) {
			line = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(line), ","), ";")
			if line == "" || line == ")" || strings.HasPrefix(line, "COMMENT ON") || strings.HasPrefix(line, "-- ") && !strings.HasPrefix(line, "-- lockstep:") {
				continue
			}
			out = append(out, line)
		}
		return out
	}
	before := lines(without)
	return slices.DeleteFunc(lines(with), func(line string) bool { return slices.Contains(before, line) })
}

// change is one thing of the contract that a row brings, changes or takes away.
type change struct {
	Path       []string
	Value, Old json.RawMessage // nil where it is not there
}

// contractOf lists what of the contract is there with the row and not without it, outermost first and in the contract's order.
func contractOf(with, without []byte) ([]change, error) {
	var a, b any
	if err := json.Unmarshal(with, &a); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	if err := json.Unmarshal(without, &b); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	var out []change
	compare(nil, a, b, &out)
	return out, nil
}

func compare(path []string, with, without any, out *[]change) {
	if reflect.DeepEqual(with, without) {
		return
	}
	a, okA := named(with)
	b, okB := named(without)
	if !okA || !okB {
		*out = append(*out, change{slices.Clone(path), encoded(with), encoded(without)})
		return
	}
	for _, key := range sortedKeys(a) {
		if slices.Contains(silent, key) {
			continue
		}
		if _, there := b[key]; !there {
			*out = append(*out, change{append(slices.Clone(path), key), encoded(a[key]), nil})
			continue
		}
		compare(append(path, key), a[key], b[key], out)
	}
	for _, key := range sortedKeys(b) {
		if _, stays := a[key]; !stays && !slices.Contains(silent, key) {
			*out = append(*out, change{append(slices.Clone(path), key), nil, encoded(b[key])})
		}
	}
}

func encoded(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		return nil // what was decoded from JSON can be encoded
	}
	return text
}

// silent are members whose changes say nothing that others do not.
var silent = []string{"example", "examples", "x-problem-codes", "operationId"}

// named is a value as an object: lists of parameters by the parameters' names.
func named(value any) (map[string]any, bool) {
	switch v := value.(type) {
	case map[string]any:
		return v, true
	case []any:
		out := map[string]any{}
		for _, item := range v {
			object, ok := item.(map[string]any)
			name, hasName := object["name"].(string)
			if !ok || !hasName {
				return nil, false
			}
			out[name] = item
		}
		return out, len(out) > 0
	}
	return nil, false
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
