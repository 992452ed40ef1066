-- Drop "platform_idempotency_keys" table
DROP TABLE "core"."platform_idempotency_keys";
