package names

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
)

// maxColumn is the most bytes of an identifier in Postgres, NAMEDATALEN - 1; it cuts longer ones without a word.
const maxColumn = 63

// Graph builds Ent's graph of the schemas, in which no two fields or edges claim the same Go identifier: those that would
// are known to Ent as name_field or name_edge, with the column that they had. It changes the schemas. Its errors name the
// entity and the field, and say what to do.
func Graph(config *gen.Config, schemas []*load.Schema) (*gen.Graph, error) {
	if err := checkEntities(schemas); err != nil {
		return nil, err
	}
	for _, s := range schemas {
		if err := checkColumns(s); err != nil {
			return nil, err
		}
		if err := tellColumnsApart(s); err != nil {
			return nil, err
		}
		for _, f := range s.Fields {
			nameValues(f)
			if !plain(f.Name) {
				renameField(s, f, freeName(s, f.Name, "field"))
			}
		}
	}
	for {
		graph, err := gen.NewGraph(config, schemas...)
		if err != nil {
			return nil, err
		}
		tables := map[string]string{}
		for _, node := range graph.Nodes {
			if other, taken := tables[node.Table()]; taken {
				return nil, fmt.Errorf("entities %s and %s are both the table %s: rename one of the types, or give it another table with "+
					"entsql.Table(\"…\") among its Annotations", other, node.Name, node.Table())
			}
			tables[node.Table()] = node.Name
			if strings.ContainsAny(node.Table(), "\"\\\x00") {
				return nil, fmt.Errorf("entity %s: its table's name has a quote, a backslash or a zero byte in it: give it another with "+
					"entsql.Table(\"…\") among its Annotations", node.Name)
			}
			if len(node.Table()) > maxColumn {
				return nil, fmt.Errorf("entity %s: its table's name has %d bytes, and Postgres cuts names after %d: give it a shorter one with "+
					"entsql.Table(\"…\") among its Annotations", node.Name, len(node.Table()), maxColumn)
			}
		}
		renamed := false
		for i, node := range graph.Nodes {
			for _, c := range collisions(node) {
				renamed = true
				if err := c.rename(schemas, schemas[i]); err != nil {
					return nil, err
				}
			}
		}
		if !renamed {
			return graph, nil
		}
	}
}

// checkColumns refuses names that Postgres cannot hold, and two fields that are one in JSON.
func checkColumns(s *load.Schema) error {
	wire := map[string]string{}
	for _, f := range s.Fields {
		column := cmp.Or(f.StorageKey, f.Name)
		if len(column) > maxColumn {
			return fmt.Errorf("entity %s: field %s: its column has %d bytes, and Postgres cuts names after %d: shorten it, or give it a "+
				"shorter column with StorageKey(\"…\")", s.Name, f.Name, len(column), maxColumn)
		}
		if strings.ContainsAny(column, "\"\\\x00") {
			return fmt.Errorf("entity %s: field %q: its column has a quote, a backslash or a zero byte in it: give it another with StorageKey(\"…\")", s.Name, f.Name)
		}
		name := JSON(f.Name)
		if other, taken := wire[name]; taken && other != f.Name {
			return fmt.Errorf("entity %s: fields %s and %s are both %q in JSON: rename one of them", s.Name, other, f.Name, name)
		}
		wire[name] = f.Name
	}
	return nil
}

// tellColumnsApart gives a field of which Ent would make the column of another one of its own, as it is written: Name beside name.
func tellColumnsApart(s *load.Schema) error {
	held := map[string]string{} // column → field
	var others []*load.Field
	for _, f := range s.Fields {
		key := cmp.Or(f.StorageKey, column(f.Name))
		other, taken := held[key]
		switch {
		case !taken:
			held[key] = f.Name
		case other == f.Name: // twice the same, which Ent refuses
		case f.StorageKey == "" && f.Name != key:
			others = append(others, f)
		default: // the other one gives way, if it can
			i := slices.IndexFunc(s.Fields, func(f *load.Field) bool { return f.Name == other })
			others = append(others, s.Fields[i])
			held[key] = f.Name
		}
	}
	for _, f := range others {
		if other, taken := held[f.Name]; taken || f.StorageKey != "" {
			if f.StorageKey != "" {
				other = held[f.StorageKey]
			}
			return fmt.Errorf("entity %s: fields %s and %s are both the column %q: give one of them another with StorageKey(\"…\")",
				s.Name, f.Name, other, cmp.Or(f.StorageKey, f.Name))
		}
		f.StorageKey = f.Name
		held[f.Name] = f.Name
	}
	return nil
}

// predicates are what Ent puts behind an enum field's name, beside the constants of its values.
var predicates = strings.Fields("EQ NEQ In NotIn IsNil NotNil Validator")

// nameValues names those values of an enum for which Ent's constant would be no identifier, or one that is there already.
func nameValues(f *load.Field) {
	seen := Set{"X": true} // the type of the values, for one without a letter or a digit
	for _, p := range predicates {
		seen["X"+p] = true
	}
	for i := range f.Enums {
		name := f.Enums[i].N
		if constant := constantOf(name); constant == "" || seen[constant] {
			name = "Value" + Go(name)
			for seen[constantOf(name)] {
				name += "Field"
			}
			f.Enums[i].N = name
		}
		seen[constantOf(name)] = true
	}
}

// constantOf is the constant that Ent makes of a value of an enum called x; empty when it would be no identifier.
func constantOf(value string) string {
	name := gen.Field{Name: "x"}.EnumName(value)
	if !exported(name) {
		return ""
	}
	return name
}

// rename gives the field or edge of a schema another name in Go and leaves it what it is elsewhere.
func (c claimant) rename(schemas []*load.Schema, s *load.Schema) error {
	if c.field != nil {
		i := slices.IndexFunc(s.Fields, func(f *load.Field) bool { return f.Name == c.field.Name })
		if i < 0 {
			return fmt.Errorf("entity %s: the name of %s is one that Ent gives to another part of the entity: rename it", s.Name, c.field.Name)
		}
		renameField(s, s.Fields[i], freeName(s, c.field.Name, "field"))
		return nil
	}
	renameEdge(schemas, s, c.edge.Name, freeName(s, c.edge.Name, "edge"))
	return nil
}

// plain reports whether Ent can write Go code for a field of the name.
func plain(name string) bool {
	return identifier(name) == name && exported(gen.Field{Name: name}.StructField())
}

// freeName is a name that no field or edge of the schema has.
func freeName(s *load.Schema, name, suffix string) string {
	name = strings.Trim(identifier(name), "_")
	taken := func(name string) bool {
		return slices.ContainsFunc(s.Fields, func(f *load.Field) bool { return f.Name == name }) ||
			slices.ContainsFunc(withRefs(s.Edges), func(e *load.Edge) bool { return e.Name == name })
	}
	for {
		if name += "_" + suffix; !taken(name) {
			return name
		}
	}
}

func renameField(s *load.Schema, f *load.Field, name string) {
	before := f.Name
	if f.Annotations == nil {
		f.Annotations = map[string]any{}
	}
	if _, ok := f.Annotations[written]; !ok {
		f.Annotations[written] = before
	}
	f.StorageKey = cmp.Or(f.StorageKey, column(before))
	f.Name = name
	for _, e := range withRefs(s.Edges) {
		if e.Field == before {
			e.Field = name
		}
	}
	for _, index := range s.Indexes {
		for i := range index.Fields {
			if index.Fields[i] == before {
				index.Fields[i] = name
			}
		}
	}
}

// column is the column that Ent gives a field of the name. It takes names for ASCII.
func column(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		return name
	}
	return gen.Field{Name: name}.StorageKey()
}

func renameEdge(schemas []*load.Schema, s *load.Schema, before, name string) {
	for _, e := range withRefs(s.Edges) {
		if e.Name != before {
			continue
		}
		if e.Annotations == nil {
			e.Annotations = map[string]any{}
		}
		if _, ok := e.Annotations[written]; !ok {
			e.Annotations[written] = before
		}
		e.Name = name
	}
	for _, index := range s.Indexes {
		for i := range index.Edges {
			if index.Edges[i] == before {
				index.Edges[i] = name
			}
		}
	}
	for _, other := range schemas {
		for _, e := range other.Edges {
			if e.Inverse && e.Type == s.Name && e.RefName == before {
				e.RefName = name
			}
		}
	}
}

// withRefs are the edges, and those that are declared with their inverse in one line.
func withRefs(edges []*load.Edge) []*load.Edge {
	out := slices.Clone(edges)
	for _, e := range edges {
		if e.Ref != nil {
			out = append(out, e.Ref)
		}
	}
	return out
}
