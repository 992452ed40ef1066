-- Set comment to column: "answer" on table: "idempotency_keys"
COMMENT ON COLUMN "core"."idempotency_keys"."answer" IS 'The answer as JSON; null when what it tells of has been deleted.';
-- Set comment to column: "answer" on table: "platform_idempotency_keys"
COMMENT ON COLUMN "core"."platform_idempotency_keys"."answer" IS 'The answer as JSON; null when what it tells of has been deleted.';
-- Modify "tenants" table
ALTER TABLE "core"."tenants" ADD COLUMN "deleting_since" timestamptz NULL;
-- Set comment to column: "deleting_since" on table: "tenants"
COMMENT ON COLUMN "core"."tenants"."deleting_since" IS 'Since when the tenant is being deleted: it is refused every request, and its rows go. Null for all others.';
-- Create "platform_tasks" table
CREATE TABLE "core"."platform_tasks" (
  "id" uuid NOT NULL,
  "name" character varying(63) NOT NULL,
  "holder" uuid NOT NULL,
  "due_at" timestamptz NOT NULL,
  "done_at" timestamptz NOT NULL,
  PRIMARY KEY ("id")
);
-- Create index "platform_tasks_name_key" to table: "platform_tasks"
CREATE UNIQUE INDEX "platform_tasks_name_key" ON "core"."platform_tasks" ("name");
-- Set comment to table: "platform_tasks"
COMMENT ON TABLE "core"."platform_tasks" IS 'Work that one server at a time does for all tenants.';
-- Set comment to column: "id" on table: "platform_tasks"
COMMENT ON COLUMN "core"."platform_tasks"."id" IS 'Identifier, a UUIDv7: ids sort by creation time.';
-- Set comment to column: "name" on table: "platform_tasks"
COMMENT ON COLUMN "core"."platform_tasks"."name" IS 'Name of the task.';
-- Set comment to column: "holder" on table: "platform_tasks"
COMMENT ON COLUMN "core"."platform_tasks"."holder" IS 'Server process that does the task, or did it last.';
-- Set comment to column: "due_at" on table: "platform_tasks"
COMMENT ON COLUMN "core"."platform_tasks"."due_at" IS 'From when on any server may take the task.';
-- Set comment to column: "done_at" on table: "platform_tasks"
COMMENT ON COLUMN "core"."platform_tasks"."done_at" IS 'When the task was last completed; when it was first taken, until then.';
-- Fence "platform_tasks": row-level security, binding the table's owner too
ALTER TABLE "core"."platform_tasks" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "core"."platform_tasks" FORCE ROW LEVEL SECURITY;
-- Only the platform reads and writes "platform_tasks"
CREATE POLICY "platform_only" ON "core"."platform_tasks"
  USING (current_setting('app.platform', true) = 'on')
  WITH CHECK (current_setting('app.platform', true) = 'on');
-- Let the application work with rows of "platform_tasks"
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."platform_tasks" TO "core_app";
