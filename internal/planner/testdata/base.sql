-- A desired state like the one the DDL writer writes, small and fixed, for the planner's tests.
CREATE SCHEMA "core";
CREATE TABLE "core"."tenants" (
  "id" uuid NOT NULL,
  "slug" character varying(63) NOT NULL,
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "tenants_slug_key" ON "core"."tenants" ("slug");
COMMENT ON TABLE "core"."tenants" IS 'Customer organisation.';
CREATE TABLE "core"."roles" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "name" character varying(255) NOT NULL,
  "permissions" text[] NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "roles_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON DELETE NO ACTION
);
CREATE UNIQUE INDEX "roles_tenant_id_name_key" ON "core"."roles" ("tenant_id", "name");
CREATE TABLE "core"."users" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "email" character varying(255) NOT NULL,
  "status" character varying NOT NULL DEFAULT 'active',
  "note" text NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "users_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON DELETE NO ACTION,
  CONSTRAINT "users_status_check" CHECK ("status"::text IN ('active', 'inactive'))
);
CREATE UNIQUE INDEX "users_tenant_id_email_key" ON "core"."users" ("tenant_id", "email");
COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address; unique in the tenant''s users.';
CREATE TABLE "core"."user_roles" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "role_id" uuid NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "user_roles_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON DELETE NO ACTION,
  CONSTRAINT "user_roles_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "core"."users" ("tenant_id", "id") ON DELETE NO ACTION,
  CONSTRAINT "user_roles_tenant_id_role_id_fkey" FOREIGN KEY ("tenant_id", "role_id") REFERENCES "core"."roles" ("tenant_id", "id") ON DELETE NO ACTION
);
CREATE INDEX "user_roles_tenant_id_role_id_idx" ON "core"."user_roles" ("tenant_id", "role_id");
