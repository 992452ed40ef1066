package contract

import "entgo.io/ent/schema"

// Rename says what an entity's table or a field's column was called before, so that planning renames it instead of asking.
// It may stay after the rename is done, and then means nothing.
type Rename struct {
	From string
}

// RenamedFrom declares the former name: of the table on an entity, of the column on a field, as in the database.
func RenamedFrom(name string) Rename { return Rename{From: name} }

// Name implements schema.Annotation.
func (Rename) Name() string { return "Rename" }

var _ schema.Annotation = Rename{}
