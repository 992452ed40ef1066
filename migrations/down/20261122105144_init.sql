-- Drop "user_roles" table
DROP TABLE "core"."user_roles";
-- Drop "roles" table
DROP TABLE "core"."roles";
-- Drop "idempotency_keys" table
DROP TABLE "core"."idempotency_keys";
-- Drop "users" table
DROP TABLE "core"."users";
-- Drop "tenants" table
DROP TABLE "core"."tenants";
-- Drop schema named "core"
DROP SCHEMA "core";
