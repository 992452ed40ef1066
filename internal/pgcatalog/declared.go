package pgcatalog

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed declared.sql
var declaredSQL string

// Declared is an object that ent/schema/*.sql can declare and Atlas does not inspect: an extension, function, procedure, view,
// materialized view, trigger or extended statistics of the application's schema.
type Declared struct {
	Kind string // as in a Fingerprint
	Name string // as in a Fingerprint
	// Signature is what CREATE OR REPLACE cannot change of a function: kind, result and arguments.
	Signature string
	// Definer functions run with the rights of their owner, whom row-level security may not bind.
	Definer bool
	// Anybody says that PUBLIC may execute it, Application that the application's role was granted to.
	Anybody, Application bool
	// Uses are what the object is made of: "relation core.users", "column core.users.email", "routine core.f(text)".
	Uses []string
	// Holders are the parts of tables that call a function, each in words.
	Holders []string
}

// ReadDeclared reads the declared objects of the application's schema, and extensions, in the order in which they were made.
func ReadDeclared(ctx context.Context, db Beginner) ([]Declared, error) {
	var out []Declared
	err := readOnly(ctx, db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, declaredSQL, Schema, AppRole)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Declared, error) {
			var d Declared
			return d, row.Scan(&d.Kind, &d.Name, &d.Signature, &d.Definer, &d.Anybody, &d.Application, &d.Uses, &d.Holders)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read functions, views and triggers from the catalog: %w", err)
	}
	return out, nil
}

// Routine says whether the object is a function or procedure.
func (d Declared) Routine() bool { return d.Kind == "function" || d.Kind == "procedure" }

// Problems lists what a function lets through that no tenant may have, and what keeps the application from writing, one sentence
// each. planned says that the object is a part of the desired state, on which the planner has not put its own grants yet.
func (d Declared) Problems(planned bool) []string {
	if !d.Routine() {
		return nil
	}
	var out []string
	if d.Definer {
		out = append(out, fmt.Sprintf("%s: the %s runs as its owner, whom row-level security does not bind, so that it can read and write rows of every tenant; make it SECURITY INVOKER, which is the default",
			d.Name, d.Kind))
	}
	if d.Anybody && !planned {
		out = append(out, fmt.Sprintf("%s: every role may execute the %s; run REVOKE ALL ON ROUTINE %[1]s FROM PUBLIC", d.Name, d.Kind))
	}
	if len(d.Holders) > 0 && !d.Application && (planned || !d.Anybody) {
		out = append(out, fmt.Sprintf("%s: %s calls it and the application may not, so that its writes would fail; add GRANT EXECUTE ON FUNCTION %[1]s TO %[3]s",
			d.Name, strings.Join(d.Holders, ", "), AppRole))
	}
	return out
}

// CreateAppRole makes the application's role where the cluster does not have it. Roles belong to the cluster, so another database's
// migration may be making it at this moment, and a role that operators made keeps its attributes. The role cannot log in until an
// operator lets it.
const CreateAppRole = `DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '` + AppRole + `') THEN
    CREATE ROLE "` + AppRole + `" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$`
