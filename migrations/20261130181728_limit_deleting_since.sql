-- Add check "tenants_deleting_since_limit" for new rows; a later file checks those that are there
ALTER TABLE "core"."tenants" ADD CONSTRAINT "tenants_deleting_since_limit" CHECK ((date_part('epoch'::text, deleting_since) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, deleting_since) < ('253402300800'::bigint)::double precision)) NOT VALID;
