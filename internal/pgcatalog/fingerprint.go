// Package pgcatalog reads what a database really is from the Postgres catalogs: a fingerprint of every object, including
// those Atlas does not inspect (policies, grants, functions, triggers, views, sequences, validity), and the state of the
// fence of row-level security around tenants. It is used at build time to prove that a migration can be undone and at run
// time to verify a live database, so it depends on pgx only.
package pgcatalog

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed fingerprint.sql
var fingerprintSQL string

// Beginner starts a transaction: a *pgx.Conn, a *pgxpool.Pool or a pgx.Tx.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Object is one thing in a database and its definition as Postgres prints it.
type Object struct {
	// Kind is a noun such as table, column, index, policy or grant.
	Kind string `json:"kind"`
	// Name is qualified, quoted where needed, and unique within its kind.
	Name string `json:"name"`
	// Definition is empty for objects that are fully described by their name.
	Definition string `json:"definition"`
}

// Fingerprint is the state of a database: its objects ordered by kind and name. Two databases whose fingerprints are equal
// hold the same schema, whatever path of migrations led there.
type Fingerprint []Object

// Read takes the fingerprint of the named schemas, or, when none is named, of all schemas but Postgres' own and the one
// that holds Atlas' revisions. It reads catalogs only and needs no rights beyond connecting.
func Read(ctx context.Context, db Beginner, schemas ...string) (Fingerprint, error) {
	if schemas == nil {
		schemas = []string{}
	}
	var objects Fingerprint
	err := readOnly(ctx, db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fingerprintSQL, schemas)
		if err != nil {
			return err
		}
		objects, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Object, error) {
			var o Object
			return o, row.Scan(&o.Kind, &o.Name, &o.Definition)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read catalog fingerprint: %w", err)
	}
	slices.SortFunc(objects, compare)
	return objects, nil
}

// readOnly runs f in a transaction that cannot write and prints every name qualified, every constant in one form: pg_get_*
// leave the schema out for objects on the search path and print times in the session's zone, and both differ between
// connections. Compiling these queries costs ten times what running them does.
func readOnly(ctx context.Context, db Beginner, f func(pgx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "SET TRANSACTION READ ONLY; SET LOCAL jit = off; "+Pin("pg_catalog", true)); err != nil {
		return err
	}
	return f(tx)
}

func compare(a, b Object) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}
