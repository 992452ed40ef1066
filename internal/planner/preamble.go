package planner

import (
	"fmt"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// preamble makes the application's role where the cluster does not have it.
func preamble() Statement {
	return Statement{Comment: "Create the application's role unless the cluster has it", SQL: pgcatalog.CreateAppRole}
}

// entrance lets the application into the schema and read the revisions, which it compares with those it embeds before it
// says it is ready. A scratch database has no revisions.
func entrance() []Statement {
	return []Statement{
		{
			Comment: "Let the application into the schema",
			SQL:     fmt.Sprintf("GRANT USAGE ON SCHEMA %q TO %q", pgcatalog.Schema, pgcatalog.AppRole),
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
$$`, pgcatalog.AppRole),
		},
	}
}
