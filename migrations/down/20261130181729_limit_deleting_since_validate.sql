ALTER TABLE "core"."tenants" DROP CONSTRAINT "tenants_deleting_since_limit";
ALTER TABLE "core"."tenants" ADD CONSTRAINT "tenants_deleting_since_limit" CHECK ((date_part('epoch'::text, deleting_since) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, deleting_since) < ('253402300800'::bigint)::double precision)) NOT VALID;
