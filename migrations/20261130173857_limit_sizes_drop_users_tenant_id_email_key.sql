-- atlas:txmode none

-- Drop index "users_tenant_id_email_key" without blocking the table
DROP INDEX CONCURRENTLY "core"."users_tenant_id_email_key";
