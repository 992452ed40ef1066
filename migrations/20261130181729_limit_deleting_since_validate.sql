-- Check the rows of "tenants" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "id") AS key, row_number() OVER () AS n FROM "core"."tenants" WHERE NOT (((date_part('epoch'::text, deleting_since) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, deleting_since) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."tenants" VALIDATE CONSTRAINT "tenants_deleting_since_limit";
  ELSE
    RAISE WARNING '% rows of core.tenants break tenants_deleting_since_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.tenants VALIDATE CONSTRAINT tenants_deleting_since_limit',
      broken, keys;
  END IF;
END
$$;
