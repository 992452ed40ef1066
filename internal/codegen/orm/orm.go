// Package orm adds to Ent's code what makes adding a row cheap; see internal/inserting.
package orm

import (
	_ "embed"
	"text/template"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/internal/inserting"
)

//go:embed insert.tmpl
var insert string

// Template returns the template that Ent is to execute with its own. It adds a method insert to the create builder of each
// entity that is Insertable.
func Template(module string) (*gen.Template, error) {
	return gen.NewTemplate("insert").Funcs(template.FuncMap{
		"module":     func() string { return module },
		"insertable": Insertable,
		"byBuilder":  byBuilder,
		"argument":   argument,
	}).Parse(insert)
}

// Insertable reports whether a row of the entity can be one INSERT with an id that is known beforehand.
func Insertable(t *gen.Type) bool {
	if !t.HasOneFieldID() || !t.ID.UserDefined || byBuilder(t.ID) {
		return false
	}
	columns := 1 + len(t.MutationFields())
	for _, e := range t.EdgesWithID() {
		if e.OwnFK() {
			columns++
		}
	}
	return columns <= inserting.MaxColumns
}

// byBuilder reports whether a value of the field goes through Ent's builder, which turns it into another one.
func byBuilder(f *gen.Field) bool { return f.IsJSON() || f.HasValueScanner() }

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
