-- Take down the fence of "tenants"
DROP POLICY "platform_write" ON "core"."tenants";
DROP POLICY "tenant_lock" ON "core"."tenants";
DROP POLICY "tenant_read" ON "core"."tenants";
-- Modify "roles" table
ALTER TABLE "core"."roles" DROP CONSTRAINT "roles_created_at_limit", DROP CONSTRAINT "roles_description_limit", DROP CONSTRAINT "roles_permissions_limit", DROP CONSTRAINT "roles_updated_at_limit";
-- Set comment to column: "permissions" on table: "roles"
COMMENT ON COLUMN "core"."roles"."permissions" IS 'Permissions that holders of the role have, such as users:read; * is all of them, present and future.';
-- Modify "tenants" table
ALTER TABLE "core"."tenants" DROP CONSTRAINT "tenants_created_at_limit", DROP CONSTRAINT "tenants_updated_at_limit";
-- Modify "user_roles" table
ALTER TABLE "core"."user_roles" DROP CONSTRAINT "user_roles_created_at_limit", DROP CONSTRAINT "user_roles_granted_at_limit", DROP CONSTRAINT "user_roles_updated_at_limit";
-- Modify "users" table
ALTER TABLE "core"."users" DROP CONSTRAINT "users_created_at_limit", DROP CONSTRAINT "users_updated_at_limit";
-- Set comment to column: "email" on table: "users"
COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address, unique within the tenant.';
-- A tenant sees itself in "tenants", the platform sees all
CREATE POLICY "tenant_isolation" ON "core"."tenants"
  USING (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR current_setting('app.platform', true) = 'on')
  WITH CHECK (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR current_setting('app.platform', true) = 'on');
