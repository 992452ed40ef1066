-- Drop "user_roles" table
DROP TABLE "core"."user_roles";
-- Drop "roles" table
DROP TABLE "core"."roles";
-- Drop "users" table
DROP TABLE "core"."users";
-- Drop "tenants" table
DROP TABLE "core"."tenants";
-- Drop schema named "core"
DROP SCHEMA "core";
