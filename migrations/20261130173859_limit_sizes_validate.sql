-- Check the rows of "roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."roles" WHERE NOT (((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."roles" VALIDATE CONSTRAINT "roles_created_at_limit";
  ELSE
    RAISE WARNING '% rows of core.roles break roles_created_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.roles VALIDATE CONSTRAINT roles_created_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."roles" WHERE NOT ((char_length(description) <= 10000))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."roles" VALIDATE CONSTRAINT "roles_description_limit";
  ELSE
    RAISE WARNING '% rows of core.roles break roles_description_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.roles VALIDATE CONSTRAINT roles_description_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."roles" WHERE NOT (((cardinality(permissions) <= 100) AND (char_length(array_to_string(permissions, ''::text)) <= 25500) AND (array_to_string(permissions, ''::text) = array_to_string(permissions, ''::text, '?'::text)) AND (COALESCE(array_ndims(permissions), 1) = 1)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."roles" VALIDATE CONSTRAINT "roles_permissions_limit";
  ELSE
    RAISE WARNING '% rows of core.roles break roles_permissions_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.roles VALIDATE CONSTRAINT roles_permissions_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."roles" WHERE NOT (((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."roles" VALIDATE CONSTRAINT "roles_updated_at_limit";
  ELSE
    RAISE WARNING '% rows of core.roles break roles_updated_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.roles VALIDATE CONSTRAINT roles_updated_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "tenants" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "id") AS key, row_number() OVER () AS n FROM "core"."tenants" WHERE NOT (((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."tenants" VALIDATE CONSTRAINT "tenants_created_at_limit";
  ELSE
    RAISE WARNING '% rows of core.tenants break tenants_created_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.tenants VALIDATE CONSTRAINT tenants_created_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "tenants" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "id") AS key, row_number() OVER () AS n FROM "core"."tenants" WHERE NOT (((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."tenants" VALIDATE CONSTRAINT "tenants_updated_at_limit";
  ELSE
    RAISE WARNING '% rows of core.tenants break tenants_updated_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.tenants VALIDATE CONSTRAINT tenants_updated_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "user_roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."user_roles" WHERE NOT (((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."user_roles" VALIDATE CONSTRAINT "user_roles_created_at_limit";
  ELSE
    RAISE WARNING '% rows of core.user_roles break user_roles_created_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.user_roles VALIDATE CONSTRAINT user_roles_created_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "user_roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."user_roles" WHERE NOT (((date_part('epoch'::text, granted_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, granted_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."user_roles" VALIDATE CONSTRAINT "user_roles_granted_at_limit";
  ELSE
    RAISE WARNING '% rows of core.user_roles break user_roles_granted_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.user_roles VALIDATE CONSTRAINT user_roles_granted_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "user_roles" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."user_roles" WHERE NOT (((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."user_roles" VALIDATE CONSTRAINT "user_roles_updated_at_limit";
  ELSE
    RAISE WARNING '% rows of core.user_roles break user_roles_updated_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.user_roles VALIDATE CONSTRAINT user_roles_updated_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "users" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."users" WHERE NOT (((date_part('epoch'::text, created_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, created_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."users" VALIDATE CONSTRAINT "users_created_at_limit";
  ELSE
    RAISE WARNING '% rows of core.users break users_created_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.users VALIDATE CONSTRAINT users_created_at_limit',
      broken, keys;
  END IF;
END
$$;
-- Check the rows of "users" that were there before, or say which break the limit; reads and writes go on
DO $$
DECLARE
  broken bigint;
  keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO broken, keys
    FROM (SELECT concat_ws('/', "tenant_id", "id") AS key, row_number() OVER () AS n FROM "core"."users" WHERE NOT (((date_part('epoch'::text, updated_at) >= ('-62135596800'::bigint)::double precision) AND (date_part('epoch'::text, updated_at) < ('253402300800'::bigint)::double precision)))) AS rows;
  IF broken = 0 THEN
    ALTER TABLE "core"."users" VALIDATE CONSTRAINT "users_updated_at_limit";
  ELSE
    RAISE WARNING '% rows of core.users break users_updated_at_limit, the first: %. They can be read, and changed once they keep to it; then run ALTER TABLE core.users VALIDATE CONSTRAINT users_updated_at_limit',
      broken, keys;
  END IF;
END
$$;
