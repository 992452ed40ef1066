package ddl

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"

	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// btree is the one index method that is unique, ordered, and has an operator class for every key's type.
const btree = "BTREE"

// declared is what the schema says of its indexes and foreign keys and Ent's tables do not keep.
type declared struct {
	names   map[*schema.Index]string // by index.StorageKey
	symbols map[string]bool          // by edge.StorageKey(edge.Symbol(…))
}

func readDeclared(graph *gen.Graph, tables map[string]*schema.Table) (declared, error) {
	d := declared{names: map[*schema.Index]string{}, symbols: map[string]bool{}}
	for _, node := range graph.MutableNodes() {
		var loaded *load.Schema
		if i := slices.IndexFunc(graph.Schemas, func(s *load.Schema) bool { return s.Name == node.Name }); i >= 0 {
			loaded = graph.Schemas[i]
		}
		if err := d.readIndexes(tables[node.Table()], node, loaded); err != nil {
			return d, err
		}
		for _, e := range node.Edges {
			if key, err := e.StorageKey(); err == nil && key != nil {
				for _, symbol := range key.Symbols {
					d.symbols[symbol] = true
				}
			}
		}
	}
	return d, nil
}

// readIndexes gives each index of the table its own annotations, keyed by column, and refuses those that Postgres has no form
// for, which Ent would leave out. Ent finds an index by a name made of its columns, so that of two over the same columns one
// gets the other's.
func (d *declared) readIndexes(t *schema.Table, node *gen.Type, loaded *load.Schema) error {
	if len(t.Indexes) != len(node.Indexes) || loaded != nil && len(loaded.Indexes) != len(node.Indexes) {
		return fmt.Errorf("entity %s: Ent made %d indexes of %d", node.Name, len(t.Indexes), len(node.Indexes))
	}
	for i, index := range t.Indexes {
		if loaded != nil && loaded.Indexes[i].StorageKey != "" {
			d.names[index] = loaded.Indexes[i].StorageKey
		}
		index.Annotation = nil
		kept := node.Indexes[i].Annotations[entsql.IndexAnnotation{}.Name()]
		if kept == nil {
			continue
		}
		text, err := json.Marshal(kept)
		if err == nil {
			index.Annotation = &entsql.IndexAnnotation{}
			err = json.Unmarshal(text, index.Annotation)
		}
		if err != nil {
			return fmt.Errorf("entity %s: read the annotations of an index: %w", node.Name, err)
		}
		if err := byColumn(index, node); err != nil {
			return fmt.Errorf("entity %s: index of %s: %w", node.Name, strings.Join(node.Indexes[i].Columns, ", "), err)
		}
	}
	return nil
}

// byColumn keys what an annotation says of an index's only column by that column, as it stays true of when others join it.
func byColumn(index *schema.Index, node *gen.Type) error {
	a := index.Annotation
	single := len(index.Columns) == 1
	if a.Prefix != 0 || len(a.PrefixColumns) > 0 {
		return errors.New("entsql.Prefix is MySQL's; Postgres indexes whole values: leave it out, or limit the field's length")
	}
	if a.OpClass != "" {
		if !single {
			return errors.New("entsql.OpClass is of an index of one field: use entsql.OpClassColumn")
		}
		a.OpClassColumns, a.OpClass = map[string]string{index.Columns[0].Name: a.OpClass}, ""
	}
	if a.Desc {
		if !single {
			return errors.New("entsql.Desc is of an index of one field: use entsql.DescColumns")
		}
		a.DescColumns, a.Desc = map[string]bool{index.Columns[0].Name: true}, false
	}
	var err error
	if a.OpClassColumns, err = columnKeys(a.OpClassColumns, "OpClassColumn", index, node); err != nil {
		return err
	}
	if a.DescColumns, err = columnKeys(a.DescColumns, "DescColumns", index, node); err != nil {
		return err
	}
	for i, name := range a.IncludeColumns {
		a.IncludeColumns[i] = columnOf(node, name)
	}
	switch method := methodOf(index); method {
	case btree:
	case "GIN", "GIST", "SPGIST", "BRIN", "HASH":
		switch {
		case index.Unique:
			return fmt.Errorf("%s indexes cannot be unique: leave Unique or entsql.IndexType out", method)
		case len(a.DescColumns) > 0:
			return fmt.Errorf("%s indexes have no order: leave entsql.Desc out", method)
		case len(a.IncludeColumns) > 0 && (method == "GIN" || method == "BRIN" || method == "HASH"):
			return fmt.Errorf("%s indexes include no columns: leave entsql.IncludeColumns out", method)
		case len(index.Columns) > 1 && (method == "HASH" || method == "SPGIST"):
			return fmt.Errorf("%s indexes have one column: declare one for each field", method)
		case method != "BRIN" && slices.ContainsFunc(index.Columns, func(c *schema.Column) bool { return c.Name == TenantColumn }):
			return fmt.Errorf("%s has no operator class for %s: leave it out, row-level security asks for the tenant beside the index", method, TenantColumn)
		}
	default:
		return fmt.Errorf("there is no index method %s in Postgres: use BTREE, GIN, GIST, SPGIST, BRIN or HASH", method)
	}
	return nil
}

// columnKeys turns the fields that an annotation names into their columns.
func columnKeys[T any](named map[string]T, annotation string, index *schema.Index, node *gen.Type) (map[string]T, error) {
	out := map[string]T{}
	for name, value := range named {
		column := columnOf(node, name)
		if !slices.ContainsFunc(index.Columns, func(c *schema.Column) bool { return c.Name == column }) {
			return nil, fmt.Errorf("entsql.%s names %q, which the index does not have", annotation, name)
		}
		out[column] = value
	}
	return out, nil
}

// columnOf is the column of a field or of an edge's field, or the name itself.
func columnOf(node *gen.Type, name string) string {
	for _, f := range node.Fields {
		if names.Of(f) == name {
			return f.StorageKey()
		}
	}
	for _, e := range node.Edges {
		if names.OfEdge(e) == name && e.OwnFK() {
			return e.Rel.Column()
		}
	}
	return name
}

// methodOf is the access method of an index, in capitals.
func methodOf(i *schema.Index) string {
	if i.Annotation == nil {
		return btree
	}
	method := strings.ToUpper(cmp.Or(i.Annotation.Types[dialect.Postgres], i.Annotation.Type, btree))
	return strings.ReplaceAll(method, "SP-GIST", "SPGIST")
}

// Plain reports whether an index finds every row by a value, or a range, of its first columns: it is a B-tree, and not partial.
func Plain(i *schema.Index) bool {
	return methodOf(i) == btree && (i.Annotation == nil || i.Annotation.Where == "")
}

// leadIndexWithTenant makes the tenant the first column of an index, where its method has an order to begin with it.
func leadIndexWithTenant(index *schema.Index, tenant *schema.Column) {
	if methodOf(index) != btree {
		return
	}
	index.Columns = append([]*schema.Column{tenant}, without(index.Columns, tenant)...)
	if a := index.Annotation; a != nil {
		a.IncludeColumns = slices.DeleteFunc(a.IncludeColumns, func(name string) bool { return name == TenantColumn })
	}
}

// Notes say what somebody who declared an index may not expect of it.
func Notes(tables []*schema.Table) []string {
	var out []string
	for _, t := range tables {
		for _, i := range t.Indexes {
			method := methodOf(i)
			if method == btree || !TenantOwned(t) || slices.ContainsFunc(i.Columns, func(c *schema.Column) bool { return c.Name == TenantColumn }) {
				continue
			}
			out = append(out, fmt.Sprintf("index %s of %s is %s, so it does not begin with %s: it finds rows of all tenants, of which row-level security leaves the session's own; operators that are not leakproof do not use it then",
				i.Name, t.Name, method, TenantColumn))
		}
	}
	return out
}
