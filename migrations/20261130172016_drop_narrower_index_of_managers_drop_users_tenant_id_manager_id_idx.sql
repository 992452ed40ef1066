-- atlas:txmode none

-- Drop index "users_tenant_id_manager_id_idx" without blocking the table
DROP INDEX CONCURRENTLY "core"."users_tenant_id_manager_id_idx";
