-- Modify "tenants" table
ALTER TABLE "core"."tenants" DROP CONSTRAINT "tenants_deleting_since_limit";
