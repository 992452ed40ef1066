package contract

// Action is what happens to rows that refer to one that is deleted.
type Action string

// The actions. Refuse is what happens without an annotation.
const (
	Refuse  Action = "refuse"  // the delete answers 409 and names them
	Cascade Action = "cascade" // they are deleted as well, and what belongs to them as their own edges say
	Clear   Action = "clear"   // their reference becomes null
)

// OnDelete says, on the edge from an entity to those that refer to it, what deleting a row does to them. It happens in the
// transaction of the delete, through Ent, so that hooks and versions count. Whoever may delete the row may do that.
func OnDelete(action Action) Annotation { return Annotation{OnDelete: action} }

// Acyclic makes a tree of the rows of an entity, on their edge to the row above: edge.From("parent", …).Unique().Field("parent_id").
// A write by which a row would come to lie below itself is refused, 422 with the field's pointer, however many such writes
// there are at once: those of a tenant that move rows of the entity happen one after the other. Rows that are in a circle
// already stay there until they are moved.
func Acyclic() Annotation { return Annotation{Acyclic: true} }
