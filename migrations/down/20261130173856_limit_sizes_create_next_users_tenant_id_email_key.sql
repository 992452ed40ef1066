-- atlas:txmode none

-- Drop index "next_users_tenant_id_email_key" without blocking the table
DROP INDEX CONCURRENTLY "core"."next_users_tenant_id_email_key";
