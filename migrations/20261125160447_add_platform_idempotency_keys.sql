-- Create "platform_idempotency_keys" table
CREATE TABLE "core"."platform_idempotency_keys" (
  "id" uuid NOT NULL,
  "scope" character varying(400) NOT NULL,
  "key" character varying(255) NOT NULL,
  "request" character varying(64) NOT NULL,
  "answer" bytea NULL,
  "created_at" timestamptz NOT NULL,
  PRIMARY KEY ("id")
);
-- Create index "platform_idempotency_keys_created_at_idx" to table: "platform_idempotency_keys"
CREATE INDEX "platform_idempotency_keys_created_at_idx" ON "core"."platform_idempotency_keys" ("created_at");
-- Create index "platform_idempotency_keys_scope_key_key" to table: "platform_idempotency_keys"
CREATE UNIQUE INDEX "platform_idempotency_keys_scope_key_key" ON "core"."platform_idempotency_keys" ("scope", "key");
-- Set comment to table: "platform_idempotency_keys"
COMMENT ON TABLE "core"."platform_idempotency_keys" IS 'Answers to the platform''s requests with an Idempotency-Key.';
-- Set comment to column: "id" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "scope" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."scope" IS 'Operation and caller: keys of different callers do not meet.';
-- Set comment to column: "key" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."key" IS 'The key, as the caller chose it.';
-- Set comment to column: "request" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."request" IS 'SHA-256 of the request''s body, in hexadecimal.';
-- Set comment to column: "answer" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."answer" IS 'The answer as JSON; null while the request is being worked on.';
-- Set comment to column: "created_at" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."created_at" IS 'When the key was first used; it is forgotten a day later.';
-- Fence "platform_idempotency_keys": row-level security, binding the table's owner too
ALTER TABLE "core"."platform_idempotency_keys" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."platform_idempotency_keys" FORCE ROW LEVEL SECURITY;
-- Every tenant reads "platform_idempotency_keys"
CREATE POLICY "reference_read" ON "core"."platform_idempotency_keys" FOR SELECT
  USING (true);
-- The platform alone writes "platform_idempotency_keys"
CREATE POLICY "platform_write" ON "core"."platform_idempotency_keys"
  USING (current_setting('app.platform', true) = 'on')
  WITH CHECK (current_setting('app.platform', true) = 'on');
-- Let the application work with rows of "platform_idempotency_keys"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."platform_idempotency_keys" TO "core_app";
