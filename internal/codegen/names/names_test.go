package names_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

func TestJSONKeepsNamesApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, want := range map[string]string{
		"display_name": "displayName", "id": "id", "line1": "line1", "line_1": "line_1", "line_": "line_", "_id": "_id", "l_ine1": "lIne1",
		"line__1": "line__1", "a__b": "a__b", "2fa_enabled": "2faEnabled", "größe_x": "größeX", "first-name": "first-name",
	} {
		got := names.JSON(name)
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if other, taken := seen[got]; taken {
			t.Errorf("%s and %s are both %s", name, other, got)
		}
		seen[got] = name
	}
}

// odd is a schema whose fields and edges are given.
type odd struct {
	ent.Schema
	fields []ent.Field
	edges  []ent.Edge
}

func (o odd) Fields() []ent.Field              { return o.fields }
func (o odd) Edges() []ent.Edge                { return o.edges }
func (o odd) Annotations() []schema.Annotation { return nil }

type (
	// Odd has every kind of field and edge.
	Odd struct{ odd }
	// Other is at the other end of its edges.
	Other struct{ odd }
)

func graphOf(t *testing.T, fields ...ent.Field) *gen.Graph {
	t.Helper()
	fields = append([]ent.Field{field.UUID("id", uuid.UUID{})}, fields...)
	others := []ent.Field{field.UUID("id", uuid.UUID{}), field.UUID("odd_id", uuid.UUID{}).Optional().Nillable()}
	return fixture.Graph(t,
		Odd{odd{fields: append(fields, field.UUID("keeper_id", uuid.UUID{}).Optional().Nillable()), edges: []ent.Edge{
			edge.To("others", Other.Type), edge.To("keeper", Other.Type).Unique().Field("keeper_id"), edge.To("plain", Other.Type).Unique(),
		}}},
		Other{odd{fields: others, edges: []ent.Edge{edge.From("odd", Odd.Type).Ref("others").Unique().Field("odd_id")}}},
	)
}

func TestGraphTellsGoNamesApart(t *testing.T) {
	t.Parallel()
	graph := graphOf(t,
		field.String("string"), field.Time("check_in"), field.String("check"), field.Enum("kind").Values("null", "+1", "-1", "in", "_", "+"),
		field.Enum("kind_null").Values("a"), field.Int("fields"), field.Bool("2fa"), field.String("größe"), field.String("op"), field.UUID("plain_id", uuid.UUID{}),
	)
	node := graph.Nodes[0]
	got := map[string]string{}
	for _, f := range node.Fields {
		got[names.Of(f)] = f.StructField()
		if f.StorageKey() != names.Of(f) {
			t.Errorf("the column of %s is %s", names.Of(f), f.StorageKey())
		}
	}
	for name, want := range map[string]string{
		"string": "StringField", "check": "Check", "check_in": "CheckInField", "kind": "Kind", "kind_null": "KindNullField", "fields": "FieldsField",
		"2fa": "Field2faField", "größe": "GrEField", "op": "Op", "plain_id": "PlainIDField",
	} {
		if got[name] != want {
			t.Errorf("%s is %s in Go, want %s", name, got[name], want)
		}
	}
	i := slices.IndexFunc(node.Fields, func(f *gen.Field) bool { return f.Name == "kind" })
	if values := node.Fields[i].EnumNames(); !slices.Equal(values, []string{"KindNull", "KindValueField_1", "Kind1", "KindValueIn", "KindValueField_", "KindValueField_Field"}) {
		t.Errorf("got the constants %v", values)
	}
}

// Ent makes one column of name, Name and NAME; Postgres and JSON tell them apart.
func TestFieldsThatDifferInCaseHaveTheirOwnColumns(t *testing.T) {
	t.Parallel()
	graph := graphOf(t, field.String("Name"), field.String("name"), field.String("NAME"), field.String("displayName"), field.String("Display_Name"))
	var got []string
	for _, f := range graph.Nodes[0].Fields {
		got = append(got, f.StorageKey())
	}
	for _, want := range []string{"name", "Name", "NAME", "display_name", "Display_Name"} {
		if !slices.Contains(got, want) {
			t.Errorf("got the columns %v, want %s among them", got, want)
		}
	}
}

func TestGraphRefusesWhatCannotBeCarried(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 64)
	entity := func(name string, fields ...string) *load.Schema {
		s := &load.Schema{Name: name}
		for _, f := range append([]string{"id"}, fields...) {
			s.Fields = append(s.Fields, &load.Field{Name: f, Info: &field.TypeInfo{Type: field.TypeString}})
		}
		return s
	}
	keyed := entity("Ledger", "name", "label")
	keyed.Fields[2].StorageKey = "name"
	for name, c := range map[string]struct {
		schemas []*load.Schema
		want    []string
	}{
		"a keyword":                 {[]*load.Schema{entity("Func")}, []string{"entity Func: Ent takes no such name", "FuncEntry", "entsql.Table"}},
		"a folder of all":           {[]*load.Schema{entity("Runtime")}, []string{"entity Runtime: Ent keeps ent/runtime for all entities"}},
		"a type of all":             {[]*load.Schema{entity("ValidationError")}, []string{"entity ValidationError: Ent declares ent.ValidationError"}},
		"a part of another":         {[]*load.Schema{entity("Ledger"), entity("LedgerQuery")}, []string{"entity LedgerQuery: Ent declares LedgerQuery for the entity Ledger"}},
		"a slice of another":        {[]*load.Schema{entity("Ledgers"), entity("Ledger")}, []string{"Ent declares Ledgers for the entity Ledger"}},
		"a version":                 {[]*load.Schema{entity("V2")}, []string{"entity V2: its package would be ent/v2", "V2Entry"}},
		"two fields of one column":  {[]*load.Schema{keyed}, []string{`entity Ledger: fields name and label are both the column "name"`, "StorageKey"}},
		"no package of Go":          {[]*load.Schema{entity("Init")}, []string{"entity Init: its package would be ent/init", "InitEntry"}},
		"a program of Go":           {[]*load.Schema{entity("Main")}, []string{"entity Main: its package would be ent/main"}},
		"a function of all":         {[]*load.Schema{entity("Hooks")}, []string{"entity Hooks: Ent declares ent.withHooks"}},
		"a function of another":     {[]*load.Schema{entity("Plan"), entity("PlanID")}, []string{"entity PlanID: Ent declares withPlanID for the entity Plan"}},
		"a folder of another":       {[]*load.Schema{entity("CheckList"), entity("Checklist")}, []string{"entity Checklist: Ent declares", "for the entity CheckList"}},
		"no identifier of Go":       {[]*load.Schema{entity("Foo_test")}, []string{"entity Foo_test: the name of an entity is"}},
		"a column that is cut":      {[]*load.Schema{entity("Ledger", long)}, []string{"entity Ledger: field " + long, "64 bytes", "StorageKey"}},
		"a column with a quote":     {[]*load.Schema{entity("Ledger", `a"b`)}, []string{`entity Ledger: field "a\"b"`, "StorageKey"}},
		"two fields of one in JSON": {[]*load.Schema{entity("Ledger", "a_b", "aB")}, []string{`entity Ledger: fields a_b and aB are both "aB" in JSON`}},
		"a table that is cut":       {[]*load.Schema{entity("L" + long)}, []string{"entity L" + long + ": its table's name has 67 bytes", "entsql.Table"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storage, err := gen.NewStorage("sql")
			if err != nil {
				t.Fatal(err)
			}
			_, err = names.Graph(&gen.Config{Package: "example.com/project/ent", Storage: storage}, c.schemas)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %s", err, want)
				}
			}
		})
	}
}

// TestEveryIdentifierOfEntIsKnown generates Ent's code of a schema with every kind of field and edge, and finds each identifier that
// is declared in it among those that package names takes for taken.
func TestEveryIdentifierOfEntIsKnown(t *testing.T) {
	t.Parallel()
	graph := graphOf(t,
		field.String("text").NotEmpty(), field.Int("number").Optional().Nillable(), field.Enum("choice").Values("a", "b").Default("a"), field.Bool("flag").Default(false),
		field.Time("at").Immutable(), field.JSON("free", map[string]any{}).Optional(), field.Strings("texts").Optional(), field.Bytes("raw"), field.Float("share"),
		field.UUID("ref", uuid.UUID{}).Default(uuid.New),
	)
	if err := os.MkdirAll(graph.Target, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := graph.Gen(); err != nil {
		t.Fatal(err)
	}
	known := names.Known(graph.Nodes[0])
	found := 0
	for pattern, scopes := range map[string]map[string]string{
		"odd/*.go": {"": "package"},
		"odd.go":   {"Odd": "node", "OddEdges": "edges"}, "odd_create.go": {"OddCreate": "create"}, "odd_query.go": {"OddQuery": "query"},
		"odd_update.go": {"OddUpdate": "update", "OddUpdateOne": "update"}, "mutation.go": {"OddMutation": "mutation"},
	} {
		files, err := filepath.Glob(filepath.Join(graph.Target, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			for _, d := range declarations(t, file) {
				if scope, ok := scopes[d.in]; ok {
					found++
					if !slices.Contains(known[scope], d.name) {
						t.Errorf("%s declares %s in the %s: package names does not know", filepath.Base(file), d.name, scope)
					}
				}
			}
		}
	}
	if found < 300 {
		t.Errorf("found %d identifiers: the names of Ent's files have changed", found)
	}
	files, err := filepath.Glob(filepath.Join(graph.Target, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("package ent: %v, %v", files, err)
	}
	for _, file := range files {
		for _, d := range declarations(t, file) {
			if d.in == "" && d.name != "_" && !names.Declared(d.name, "Odd", "Other") {
				t.Errorf("%s declares %s: package names does not know", filepath.Base(file), d.name)
			}
		}
	}
}

// declaration is an identifier, and the type whose method or field it is.
type declaration struct{ in, name string }

func declarations(t *testing.T, path string) []declaration {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out []declaration
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				out = append(out, declaration{"", d.Name.Name})
				continue
			}
			receiver := d.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			if name, ok := receiver.(*ast.Ident); ok {
				out = append(out, declaration{name.Name, d.Name.Name})
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					for _, name := range s.Names {
						out = append(out, declaration{"", name.Name})
					}
				case *ast.TypeSpec:
					out = append(out, declaration{"", s.Name.Name})
					structure, ok := s.Type.(*ast.StructType)
					if !ok {
						continue
					}
					for _, f := range structure.Fields.List {
						for _, name := range f.Names {
							out = append(out, declaration{s.Name.Name, name.Name})
						}
					}
				}
			}
		}
	}
	return out
}
