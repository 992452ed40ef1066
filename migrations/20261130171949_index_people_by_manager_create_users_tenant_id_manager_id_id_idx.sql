-- atlas:txmode none

-- Create index "users_tenant_id_manager_id_id_idx" to table: "users"
CREATE INDEX CONCURRENTLY "users_tenant_id_manager_id_id_idx" ON "core"."users" ("tenant_id", "manager_id", "id");
