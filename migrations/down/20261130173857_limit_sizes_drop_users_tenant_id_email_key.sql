-- atlas:txmode none

-- Create index "users_tenant_id_email_key" to table: "users"
CREATE UNIQUE INDEX CONCURRENTLY "users_tenant_id_email_key" ON "core"."users" ("tenant_id", "email");
