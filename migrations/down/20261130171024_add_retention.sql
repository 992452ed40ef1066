-- Set comment to column: "answer" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."answer" IS 'The answer as JSON; null while the request is being worked on.';
-- Set comment to column: "answer" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."answer" IS 'The answer as JSON; null while the request is being worked on.';
-- Modify "tenants" table
ALTER TABLE "core"."tenants" DROP COLUMN "deleting_since";
-- Drop "platform_tasks" table
DROP TABLE "core"."platform_tasks";
