-- Give the new index its name, "next_users_tenant_id_email_key"
ALTER INDEX "core"."users_tenant_id_email_key" RENAME TO "next_users_tenant_id_email_key";
