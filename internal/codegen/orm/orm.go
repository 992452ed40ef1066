// Package orm adds to Ent's code what makes adding a row cheap, see internal/insertcache, and the client's driver.
package orm

import (
	_ "embed"
	"fmt"
	"slices"
	"text/template"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/insertcache"
)

//go:embed insert.tmpl
var insert string

//go:embed driver.tmpl
var driver string

// Templates returns the templates that Ent is to execute with its own. They add a method insert to the create builder of each
// entity that is Insertable, and a method Driver to the client.
func Templates(module string) ([]*gen.Template, error) {
	inserts, err := gen.NewTemplate("insert").Funcs(template.FuncMap{
		"module":     func() string { return module },
		"insertable": Insertable,
		"stored":     stored,
		"byDatabase": limits.ByDatabase,
		"argument":   argument,
	}).Parse(insert)
	if err != nil {
		return nil, err
	}
	drivers, err := gen.NewTemplate("driver").Parse(driver)
	if err != nil {
		return nil, err
	}
	return []*gen.Template{inserts, drivers}, nil
}

// Insertable reports whether a row of the entity can be one INSERT with an id that is known beforehand.
func Insertable(t *gen.Type) bool {
	return t.HasOneFieldID() && t.ID.UserDefined && !slices.ContainsFunc(t.MutationFields(), (*gen.Field).HasValueScanner) &&
		!t.ID.HasValueScanner() && columns(t) <= insertcache.MaxColumns
}

func columns(t *gen.Type) int {
	n := 1 + len(t.MutationFields())
	for _, e := range t.EdgesWithID() {
		if e.OwnFK() {
			n++
		}
	}
	return n
}

// stored are the fields of which the database may hold another value than it was given: they are read when a row is added.
func stored(t *gen.Type) []*gen.Field {
	return slices.DeleteFunc(slices.Clone(t.Fields), limits.Kept)
}

// Check refuses an entity of which an answer could not tell what has been stored.
func Check(t *gen.Type) error {
	if n := columns(t); n > insertcache.MaxColumns && len(stored(t)) > 0 {
		return fmt.Errorf("entity %s: it has %d columns, and what a new row holds can be read back from one of at most %d: move some to an entity of their own, or into a JSON field",
			t.Name, n, insertcache.MaxColumns)
	}
	return nil
}

// argument is the expression of a field's value as it is bound, given that of a pointer to it. A pointer is bound as it is
// where the driver takes one: to box the value would copy it.
func argument(f *gen.Field, pointer string) string {
	switch {
	case f.HasGoType() && !f.IsUUID():
		return "*" + pointer
	case f.IsEnum():
		return "(*string)(" + pointer + ")"
	}
	switch f.Type.Type {
	case field.TypeUUID, field.TypeString, field.TypeInt, field.TypeInt64, field.TypeTime:
		return pointer
	}
	return "*" + pointer
}
