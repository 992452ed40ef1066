package pg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// Text is a text, or an array of texts, for a column of another type, such as an inet.
type Text struct {
	// Name is what the caller knows it by: the member of a body, or a parameter.
	Name string
	// Type is the column's, as SQL writes it. It must not come from a caller.
	Type string
	// Value is a string or a slice of strings.
	Value any
}

// MisreadError says which texts the types of their columns do not take. Postgres names none of them.
type MisreadError struct {
	Faults []Misread
	err    error
}

// Misread is one of those texts, by its name, and what Postgres has against it.
type Misread struct {
	Name string
	Kind Kind
}

// Error is that of the statement.
func (e *MisreadError) Error() string { return e.err.Error() }

// Unwrap returns the statement's error.
func (e *MisreadError) Unwrap() error { return e.err }

// FindMisread returns a *MisreadError if err, which a statement with the texts has ended with, is about the value of no column in
// particular and Postgres does not take some of the texts; otherwise err. It asks Postgres about one text after the other, after
// the statement's transaction.
func FindMisread(ctx context.Context, db dialect.Driver, err error, texts ...Text) error {
	var refused *ConstraintError
	if !errors.As(err, &refused) || refused.Column != "" || refused.Constraint != "" {
		return err
	}
	found := &MisreadError{err: err}
	for _, text := range texts {
		kind, failed := misread(ctx, db, text)
		if failed != nil {
			return errors.Join(err, failed)
		}
		if kind != "" {
			found.Faults = append(found.Faults, Misread{text.Name, kind})
		}
	}
	if len(found.Faults) == 0 {
		return err
	}
	return found
}

// misread has Postgres read a text as a column of the type would: a cast would cut off what is too long. Its kind is empty if that
// works.
func misread(ctx context.Context, db dialect.Driver, text Text) (Kind, error) {
	object, err := json.Marshal(map[string]any{"v": text.Value})
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", text.Name, err)
	}
	rows := &entsql.Rows{}
	as, cast := text.Type, "text"
	if text.Type == "json" || text.Type == "jsonb" {
		as, cast = "text", text.Type // as one of these the text would be a JSON string already
	}
	err = db.Query(ctx, fmt.Sprintf(`SELECT (r.v::%s)::text FROM json_to_record($1::json) AS r(v %s)`, cast, as), []any{string(object)}, rows)
	if err == nil {
		return "", rows.Close()
	}
	var refused *ConstraintError
	if errors.As(err, &refused) {
		return refused.Kind, nil
	}
	return "", fmt.Errorf("have Postgres read %s: %w", text.Name, err)
}
