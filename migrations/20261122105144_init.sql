-- Create the application's role unless the cluster has it
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'core_app') THEN
    CREATE ROLE "core_app" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;
-- Add new schema named "core"
CREATE SCHEMA "core";
-- Create "tenants" table
CREATE TABLE "core"."tenants" (
  "id" uuid NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "name" character varying(255) NOT NULL,
  "slug" character varying(63) NOT NULL,
  "status" character varying NOT NULL DEFAULT 'active',
  PRIMARY KEY ("id"),
  CONSTRAINT "tenants_name_check" CHECK (char_length((name)::text) >= 1),
  CONSTRAINT "tenants_slug_check" CHECK (char_length((slug)::text) >= 2),
  CONSTRAINT "tenants_status_check" CHECK ((status)::text = ANY (ARRAY['active'::text, 'suspended'::text]))
);
-- Create index "tenants_slug_key" to table: "tenants"
CREATE UNIQUE INDEX "tenants_slug_key" ON "core"."tenants" ("slug");
-- Set comment to table: "tenants"
COMMENT ON TABLE "core"."tenants" IS 'Customer organisation that owns users, roles and all other rows.';
-- Set comment to column: "id" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "version" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."version" IS 'Number of the row''s current version; each change adds one.';
-- Set comment to column: "created_at" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."created_at" IS 'When the row was created.';
-- Set comment to column: "updated_at" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."updated_at" IS 'When the row was last changed.';
-- Set comment to column: "name" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."name" IS 'Name of the organisation, as people write it.';
-- Set comment to column: "slug" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."slug" IS 'Short unique name for URLs and logs: lower-case letters, digits and inner hyphens.';
-- Set comment to column: "status" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."status" IS 'A suspended tenant keeps its data and is refused every request.';
-- Create "idempotency_keys" table
CREATE TABLE "core"."idempotency_keys" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "scope" character varying(400) NOT NULL,
  "key" character varying(255) NOT NULL,
  "request" character varying(64) NOT NULL,
  "answer" bytea NULL,
  "created_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "idempotency_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "idempotency_keys_tenant_id_created_at_idx" to table: "idempotency_keys"
CREATE INDEX "idempotency_keys_tenant_id_created_at_idx" ON "core"."idempotency_keys" ("tenant_id", "created_at");
-- Create index "idempotency_keys_tenant_id_scope_key_key" to table: "idempotency_keys"
CREATE UNIQUE INDEX "idempotency_keys_tenant_id_scope_key_key" ON "core"."idempotency_keys" ("tenant_id", "scope", "key");
-- Set comment to table: "idempotency_keys"
COMMENT ON TABLE "core"."idempotency_keys" IS 'Answers to requests with an Idempotency-Key.';
-- Set comment to column: "tenant_id" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."tenant_id" IS 'Tenant that owns this row.';
-- Set comment to column: "id" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "scope" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."scope" IS 'Operation and caller: keys of different callers do not meet.';
-- Set comment to column: "key" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."key" IS 'The key, as the caller chose it.';
-- Set comment to column: "request" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."request" IS 'SHA-256 of the request''s body, in hexadecimal.';
-- Set comment to column: "answer" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."answer" IS 'The answer as JSON; null while the request is being worked on.';
-- Set comment to column: "created_at" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."created_at" IS 'When the key was first used; it is forgotten a day later.';
-- Create "roles" table
CREATE TABLE "core"."roles" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "name" character varying(255) NOT NULL,
  "description" text NULL,
  "permissions" text[] NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "roles_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "roles_name_check" CHECK (char_length((name)::text) >= 1)
);
-- Create index "roles_tenant_id_name_key" to table: "roles"
CREATE UNIQUE INDEX "roles_tenant_id_name_key" ON "core"."roles" ("tenant_id", "name");
-- Set comment to table: "roles"
COMMENT ON TABLE "core"."roles" IS 'Named set of permissions.';
-- Set comment to column: "tenant_id" on table: "roles"
COMMENT ON COLUMN "core"."roles"."tenant_id" IS 'Tenant that owns this row.';
-- Set comment to column: "id" on table: "roles"
COMMENT ON COLUMN "core"."roles"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "version" on table: "roles"
COMMENT ON COLUMN "core"."roles"."version" IS 'Number of the row''s current version; each change adds one.';
-- Set comment to column: "created_at" on table: "roles"
COMMENT ON COLUMN "core"."roles"."created_at" IS 'When the row was created.';
-- Set comment to column: "updated_at" on table: "roles"
COMMENT ON COLUMN "core"."roles"."updated_at" IS 'When the row was last changed.';
-- Set comment to column: "name" on table: "roles"
COMMENT ON COLUMN "core"."roles"."name" IS 'Name of the role, unique within the tenant.';
-- Set comment to column: "description" on table: "roles"
COMMENT ON COLUMN "core"."roles"."description" IS 'What the role is for.';
-- Set comment to column: "permissions" on table: "roles"
COMMENT ON COLUMN "core"."roles"."permissions" IS 'Permissions that holders of the role have, such as users:read; * is all of them, present and future.';
-- Create "users" table
CREATE TABLE "core"."users" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "email" character varying(255) NOT NULL,
  "display_name" character varying(255) NOT NULL,
  "status" character varying NOT NULL DEFAULT 'active',
  "manager_id" uuid NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "users_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "users_tenant_id_manager_id_fkey" FOREIGN KEY ("tenant_id", "manager_id") REFERENCES "core"."users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "users_display_name_check" CHECK (char_length((display_name)::text) >= 1),
  CONSTRAINT "users_email_check" CHECK (char_length((email)::text) >= 1),
  CONSTRAINT "users_status_check" CHECK ((status)::text = ANY (ARRAY['active'::text, 'inactive'::text]))
);
-- Create index "users_tenant_id_created_at_id_idx" to table: "users"
CREATE INDEX "users_tenant_id_created_at_id_idx" ON "core"."users" ("tenant_id", "created_at", "id");
-- Create index "users_tenant_id_display_name_id_idx" to table: "users"
CREATE INDEX "users_tenant_id_display_name_id_idx" ON "core"."users" ("tenant_id", "display_name", "id");
-- Create index "users_tenant_id_email_key" to table: "users"
CREATE UNIQUE INDEX "users_tenant_id_email_key" ON "core"."users" ("tenant_id", "email");
-- Create index "users_tenant_id_manager_id_idx" to table: "users"
CREATE INDEX "users_tenant_id_manager_id_idx" ON "core"."users" ("tenant_id", "manager_id");
-- Create index "users_tenant_id_status_id_idx" to table: "users"
CREATE INDEX "users_tenant_id_status_id_idx" ON "core"."users" ("tenant_id", "status", "id");
-- Set comment to table: "users"
COMMENT ON TABLE "core"."users" IS 'Person who works inside one tenant.';
-- Set comment to column: "tenant_id" on table: "users"
COMMENT ON COLUMN "core"."users"."tenant_id" IS 'Tenant that owns this row.';
-- Set comment to column: "id" on table: "users"
COMMENT ON COLUMN "core"."users"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "version" on table: "users"
COMMENT ON COLUMN "core"."users"."version" IS 'Number of the row''s current version; each change adds one.';
-- Set comment to column: "created_at" on table: "users"
COMMENT ON COLUMN "core"."users"."created_at" IS 'When the row was created.';
-- Set comment to column: "updated_at" on table: "users"
COMMENT ON COLUMN "core"."users"."updated_at" IS 'When the row was last changed.';
-- Set comment to column: "email" on table: "users"
COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address, unique within the tenant.';
-- Set comment to column: "display_name" on table: "users"
COMMENT ON COLUMN "core"."users"."display_name" IS 'Name shown to other people.';
-- Set comment to column: "status" on table: "users"
COMMENT ON COLUMN "core"."users"."status" IS 'An inactive user keeps its data and cannot sign in.';
-- Set comment to column: "manager_id" on table: "users"
COMMENT ON COLUMN "core"."users"."manager_id" IS 'User who manages this one.';
-- Create "user_roles" table
CREATE TABLE "core"."user_roles" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "granted_at" timestamptz NOT NULL,
  "role_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "granted_by_id" uuid NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "user_roles_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "user_roles_tenant_id_granted_by_id_fkey" FOREIGN KEY ("tenant_id", "granted_by_id") REFERENCES "core"."users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "user_roles_tenant_id_role_id_fkey" FOREIGN KEY ("tenant_id", "role_id") REFERENCES "core"."roles" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "user_roles_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "core"."users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "user_roles_tenant_id_granted_by_id_idx" to table: "user_roles"
CREATE INDEX "user_roles_tenant_id_granted_by_id_idx" ON "core"."user_roles" ("tenant_id", "granted_by_id");
-- Create index "user_roles_tenant_id_role_id_idx" to table: "user_roles"
CREATE INDEX "user_roles_tenant_id_role_id_idx" ON "core"."user_roles" ("tenant_id", "role_id");
-- Create index "user_roles_tenant_id_user_id_role_id_key" to table: "user_roles"
CREATE UNIQUE INDEX "user_roles_tenant_id_user_id_role_id_key" ON "core"."user_roles" ("tenant_id", "user_id", "role_id");
-- Set comment to table: "user_roles"
COMMENT ON TABLE "core"."user_roles" IS 'Grant of a role to a user.';
-- Set comment to column: "tenant_id" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."tenant_id" IS 'Tenant that owns this row.';
-- Set comment to column: "id" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "version" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."version" IS 'Number of the row''s current version; each change adds one.';
-- Set comment to column: "created_at" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."created_at" IS 'When the row was created.';
-- Set comment to column: "updated_at" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."updated_at" IS 'When the row was last changed.';
-- Set comment to column: "granted_at" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."granted_at" IS 'When the role was granted.';
-- Set comment to column: "role_id" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."role_id" IS 'Role that is granted.';
-- Set comment to column: "user_id" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."user_id" IS 'User who holds the role.';
-- Set comment to column: "granted_by_id" on table: "user_roles"
COMMENT ON COLUMN "core"."user_roles"."granted_by_id" IS 'User who granted the role; null when a service did.';
-- Let the application into the schema
GRANT USAGE ON SCHEMA "core" TO "core_app";
-- Let the application read which migrations are applied
DO $$
BEGIN
  IF to_regclass('atlas_schema_revisions.atlas_schema_revisions') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA "atlas_schema_revisions" TO "core_app";
    GRANT SELECT ON "atlas_schema_revisions"."atlas_schema_revisions" TO "core_app";
  END IF;
END
$$;
-- Fence "idempotency_keys": row-level security, binding the table's owner too
ALTER TABLE "core"."idempotency_keys" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."idempotency_keys" FORCE ROW LEVEL SECURITY;
-- Only rows of the session's tenant in "idempotency_keys"
CREATE POLICY "tenant_isolation" ON "core"."idempotency_keys"
  USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)
  WITH CHECK (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
-- Let the application work with rows of "idempotency_keys"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."idempotency_keys" TO "core_app";
-- Fence "roles": row-level security, binding the table's owner too
ALTER TABLE "core"."roles" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."roles" FORCE ROW LEVEL SECURITY;
-- Only rows of the session's tenant in "roles"
CREATE POLICY "tenant_isolation" ON "core"."roles"
  USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)
  WITH CHECK (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
-- Let the application work with rows of "roles"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."roles" TO "core_app";
-- Fence "tenants": row-level security, binding the table's owner too
ALTER TABLE "core"."tenants" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."tenants" FORCE ROW LEVEL SECURITY;
-- A tenant sees itself in "tenants", the platform sees all
CREATE POLICY "tenant_isolation" ON "core"."tenants"
  USING (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR current_setting('app.platform', true) = 'on')
  WITH CHECK (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR current_setting('app.platform', true) = 'on');
-- Let the application work with rows of "tenants"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."tenants" TO "core_app";
-- Fence "user_roles": row-level security, binding the table's owner too
ALTER TABLE "core"."user_roles" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."user_roles" FORCE ROW LEVEL SECURITY;
-- Only rows of the session's tenant in "user_roles"
CREATE POLICY "tenant_isolation" ON "core"."user_roles"
  USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)
  WITH CHECK (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
-- Let the application work with rows of "user_roles"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."user_roles" TO "core_app";
-- Fence "users": row-level security, binding the table's owner too
ALTER TABLE "core"."users" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."users" FORCE ROW LEVEL SECURITY;
-- Only rows of the session's tenant in "users"
CREATE POLICY "tenant_isolation" ON "core"."users"
  USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)
  WITH CHECK (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
-- Let the application work with rows of "users"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."users" TO "core_app";
