-- atlas:txmode none

-- lockstep:allow MF101 the file before looks for duplicates and names them
-- Create index "next_users_tenant_id_email_key" to table: "users"
CREATE UNIQUE INDEX CONCURRENTLY "next_users_tenant_id_email_key" ON "core"."users" ("tenant_id", (lower((email)::text)));
