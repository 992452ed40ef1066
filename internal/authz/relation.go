package authz

// Relation is a column that decides who reaches which rows: whoever sets it gives or takes access.
type Relation struct {
	// Type is the Ent type, and Field its field with the id of a user.
	Type, Field string
	// Table and Column in the database, and the name of the column's foreign key.
	Table, Column, Constraint string
}
