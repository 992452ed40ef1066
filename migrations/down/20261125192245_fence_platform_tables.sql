-- Take down the fence of "platform_idempotency_keys"
DROP POLICY "platform_only" ON "core"."platform_idempotency_keys";
-- Every tenant reads "platform_idempotency_keys"
CREATE POLICY "reference_read" ON "core"."platform_idempotency_keys" FOR SELECT
  USING (true);
-- The platform alone writes "platform_idempotency_keys"
CREATE POLICY "platform_write" ON "core"."platform_idempotency_keys"
  USING (current_setting('app.platform', true) = 'on')
  WITH CHECK (current_setting('app.platform', true) = 'on');
