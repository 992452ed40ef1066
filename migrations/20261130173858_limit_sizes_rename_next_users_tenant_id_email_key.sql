-- Give the new index its name, "users_tenant_id_email_key"
ALTER INDEX "core"."next_users_tenant_id_email_key" RENAME TO "users_tenant_id_email_key";
