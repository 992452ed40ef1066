-- atlas:txmode none

-- Create index "tenants_deleting_since_idx" to table: "tenants"
CREATE INDEX CONCURRENTLY "tenants_deleting_since_idx" ON "core"."tenants" ("deleting_since");
