package contract

// FullTextColumn is a column of ent/schema/*.sql that the parameter q of an entity's list looks for words in.
type FullTextColumn struct {
	// Column is a generated column of type tsvector.
	Column string `json:"column"`
	// Configuration is the text search configuration that it is made with, such as english or simple.
	Configuration string `json:"configuration"`
}

// Generated has Postgres compute the field from other columns of the row, by an SQL expression that is IMMUTABLE: the column is
// GENERATED ALWAYS AS (expression) STORED (PostgreSQL manual, Generated Columns). It is answered, can be sorted and filtered by, and
// is never accepted. The field is Optional and Nillable, since its value is not known before the row is written. A function of
// ent/schema/*.sql is called as core.name(…).
func Generated(expression string) Annotation {
	return Annotation{Generated: expression, ServerOwned: true}
}

// FullText has the parameter q of the entity's list look for words in a tsvector column, which ent/schema/*.sql declares as a
// generated one, with the configuration it is made with. q is what people write into search engines: words, "a phrase", or, -not
// (PostgreSQL manual, websearch_to_tsquery). Rows are found by what the column holds, so it must be made of fields that every reader
// may see.
func FullText(column, configuration string) Annotation {
	return Annotation{FullText: &FullTextColumn{Column: column, Configuration: configuration}}
}
