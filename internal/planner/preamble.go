package planner

import (
	"fmt"

	"github.com/lockstep-dev/lockstep/internal/catalog"
)

// preamble makes the application's role where the cluster does not have it. Roles belong to the cluster, so another
// database's migration may be making it at this moment, and a role that operators made keeps its attributes. The role
// cannot log in until an operator lets it.
func preamble() Statement {
	return Statement{
		Comment: "Create the application's role unless the cluster has it",
		SQL: fmt.Sprintf(`DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '%[1]s') THEN
    CREATE ROLE "%[1]s" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$`, catalog.AppRole),
	}
}

// entrance lets the application into the schema and read the revisions, which it compares with those it embeds before it
// says it is ready. A scratch database has no revisions.
func entrance() []Statement {
	return []Statement{
		{
			Comment: "Let the application into the schema",
			SQL:     fmt.Sprintf("GRANT USAGE ON SCHEMA %q TO %q", catalog.Schema, catalog.AppRole),
		},
		{
			Comment: "Let the application read which migrations are applied",
			SQL: fmt.Sprintf(`DO $$
BEGIN
  IF to_regclass('atlas_schema_revisions.atlas_schema_revisions') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA "atlas_schema_revisions" TO "%[1]s";
    GRANT SELECT ON "atlas_schema_revisions"."atlas_schema_revisions" TO "%[1]s";
  END IF;
END
$$`, catalog.AppRole),
		},
	}
}
