-- atlas:txmode none

-- Drop index "tenants_deleting_since_idx" without blocking the table
DROP INDEX CONCURRENTLY "core"."tenants_deleting_since_idx";
