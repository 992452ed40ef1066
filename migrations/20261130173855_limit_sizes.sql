-- Say whose addresses differ in case alone, by id: the unique index of the next file would refuse them
DO $$
DECLARE
  clashes bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, '; ') FILTER (WHERE n <= 10) INTO clashes, keys
    FROM (SELECT concat('tenant ', tenant_id, ', users ', string_agg(id::text, ', ' ORDER BY id)) AS key, row_number() OVER () AS n
            FROM "core"."users" GROUP BY tenant_id, lower(email) HAVING count(*) > 1) AS clash;
  IF clashes > 0 THEN
    RAISE EXCEPTION '% e-mail addresses belong to several users of a tenant when case is ignored: %. Give all but one of each another address, or delete them, and run this again; nothing has been changed', clashes, keys
      USING ERRCODE = 'unique_violation';
  END IF;
END
$$;
-- Take down the fence of "tenants"
DROP POLICY "tenant_isolation" ON "core"."tenants";
-- Set comment to column: "permissions" on table: "roles"
COMMENT ON COLUMN "core"."roles"."permissions" IS 'Permissions that holders of the role have, such as users:read; * is all of them, present and future. One that is named twice is held once.';
-- Set comment to column: "email" on table: "users"
COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address, unique within the tenant whatever its case; it is stored in lower case.';
-- A tenant sees itself in "tenants", the platform sees all
CREATE POLICY "tenant_read" ON "core"."tenants" FOR SELECT
  USING (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR current_setting('app.platform', true) = 'on');
-- A tenant locks itself in "tenants" and cannot change it
CREATE POLICY "tenant_lock" ON "core"."tenants" FOR UPDATE
  USING (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR current_setting('app.platform', true) = 'on')
  WITH CHECK (current_setting('app.platform', true) = 'on');
-- The platform alone writes "tenants"
CREATE POLICY "platform_write" ON "core"."tenants"
  USING (current_setting('app.platform', true) = 'on')
  WITH CHECK (current_setting('app.platform', true) = 'on');
-- Add check "roles_created_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."roles" ADD CONSTRAINT "roles_created_at_limit" CHECK ((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "roles_description_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."roles" ADD CONSTRAINT "roles_description_limit" CHECK (char_length(description) <= 10000) NOT VALID;
-- Add check "roles_permissions_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."roles" ADD CONSTRAINT "roles_permissions_limit" CHECK ((cardinality(permissions) <= 100) AND (char_length(array_to_string(permissions, ''::text)) <= 25500) AND (array_to_string(permissions, ''::text) = array_to_string(permissions, ''::text, '?'::text)) AND (COALESCE(array_ndims(permissions), 1) = 1)) NOT VALID;
-- Add check "roles_updated_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."roles" ADD CONSTRAINT "roles_updated_at_limit" CHECK ((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "tenants_created_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."tenants" ADD CONSTRAINT "tenants_created_at_limit" CHECK ((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "tenants_updated_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."tenants" ADD CONSTRAINT "tenants_updated_at_limit" CHECK ((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "user_roles_created_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."user_roles" ADD CONSTRAINT "user_roles_created_at_limit" CHECK ((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "user_roles_granted_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."user_roles" ADD CONSTRAINT "user_roles_granted_at_limit" CHECK ((date_part('epoch'::text, granted_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, granted_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "user_roles_updated_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."user_roles" ADD CONSTRAINT "user_roles_updated_at_limit" CHECK ((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "users_created_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."users" ADD CONSTRAINT "users_created_at_limit" CHECK ((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
-- Add check "users_updated_at_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."users" ADD CONSTRAINT "users_updated_at_limit" CHECK ((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)) NOT VALID;
