package contract

import "entgo.io/ent/schema"

// Rename says what an entity's table or a field's column was called before, so that planning renames it instead of asking. The
// old name may go to another field at the same time, and names may be swapped. It may stay after the rename is done, and then
// means nothing; a declaration that can neither be carried out nor was is refused (docs/migrations.md, Renames).
type Rename struct {
	From string
}

// RenamedFrom declares the former name: of the table on an entity, of the column on a field or on the edge that has one, as in the
// database.
func RenamedFrom(name string) Rename { return Rename{From: name} }

// Name implements schema.Annotation.
func (Rename) Name() string { return "Rename" }

var _ schema.Annotation = Rename{}
