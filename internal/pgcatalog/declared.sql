-- What ent/schema/*.sql can declare and Atlas does not inspect, in schema $1: kind and name as in the fingerprint, in the order of
-- creation. $2 is the application's role. uses lists what an object is made of: relation, column and routine, each with its name.
WITH space AS (
  SELECT oid FROM pg_namespace WHERE nspname = $1
), members AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e' OR deptype = 'i' AND classid = 'pg_proc'::regclass -- the second: of a range type
), relations AS (
  SELECT c.*, format('%I.%I', $1::text, c.relname) AS name FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM space)
), routines AS (
  SELECT p.*, format('%I.%I(%s)', $1::text, p.proname, pg_get_function_identity_arguments(p.oid)) AS name
  FROM pg_proc p
  WHERE p.pronamespace = (SELECT oid FROM space) AND p.prokind IN ('f', 'p', 'w')
    AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
), objects AS (
  SELECT 'pg_extension'::regclass AS class, e.oid, e.oid AS made, 'extension' AS kind, quote_ident(e.extname) AS name, '' AS signature,
    false AS definer, false AS anybody, false AS application
  FROM pg_extension e WHERE e.extname <> 'plpgsql'
  UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, p.oid, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.name,
    concat_ws(' ', p.prokind, pg_get_function_result(p.oid), pg_get_function_arguments(p.oid)),
    p.prosecdef,
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0),
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = $2)
  FROM routines p
  UNION ALL
  SELECT 'pg_rewrite'::regclass, w.oid, r.oid, CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, r.name, '', false, false, false
  FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename = '_RETURN' WHERE r.relkind IN ('v', 'm')
  UNION ALL
  SELECT 'pg_trigger'::regclass, t.oid, t.oid, 'trigger', format('%s.%I', r.name, t.tgname), '', false, false, false
  FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgparentid = 0
  UNION ALL
  SELECT 'pg_statistic_ext'::regclass, e.oid, e.oid, 'statistics', format('%I.%I', $1::text, e.stxname), '', false, false, false
  FROM pg_statistic_ext e WHERE e.stxnamespace = (SELECT oid FROM space)
)
SELECT o.kind, o.name, o.signature, o.definer, o.anybody, o.application,
  coalesce((SELECT array_agg(DISTINCT u.thing ORDER BY u.thing) FROM (
      SELECT 'relation ' || r.name AS thing FROM pg_depend d JOIN relations r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
      WHERE d.classid = o.class AND d.objid = o.oid AND r.oid <> o.made
      UNION ALL
      SELECT format('column %s.%I', r.name, a.attname) FROM pg_depend d JOIN relations r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
      WHERE d.classid = o.class AND d.objid = o.oid AND r.oid <> o.made AND d.refobjsubid > 0
      UNION ALL
      SELECT 'routine ' || p.name FROM pg_depend d JOIN routines p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
      WHERE d.classid = o.class AND d.objid = o.oid
    ) AS u), '{}') AS uses,
  -- What of a table calls it: Postgres looks up the right to execute when a row is written or a query uses it.
  coalesce((SELECT array_agg(DISTINCT h.name ORDER BY h.name) FROM (
      SELECT CASE WHEN t.attgenerated <> '' THEN 'the generated column ' ELSE 'the default of ' END || format('%s.%I', r.name, t.attname) AS name
      FROM pg_depend d JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
        JOIN relations r ON r.oid = f.adrelid JOIN pg_attribute t ON t.attrelid = f.adrelid AND t.attnum = f.adnum
      WHERE d.refclassid = o.class AND d.refobjid = o.oid
      UNION ALL
      SELECT format('the constraint %I of %s', k.conname, r.name) FROM pg_depend d JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
        JOIN relations r ON r.oid = k.conrelid
      WHERE d.refclassid = o.class AND d.refobjid = o.oid
      UNION ALL
      SELECT format('the index %s', x.name) FROM pg_depend d JOIN relations x ON d.classid = 'pg_class'::regclass AND x.oid = d.objid AND x.relkind = 'i'
        JOIN pg_index i ON i.indexrelid = x.oid JOIN relations r ON r.oid = i.indrelid AND r.relkind IN ('r', 'p')
      WHERE d.refclassid = o.class AND d.refobjid = o.oid
      UNION ALL
      SELECT format('the policy %I of %s', y.polname, r.name) FROM pg_depend d JOIN pg_policy y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
        JOIN relations r ON r.oid = y.polrelid
      WHERE d.refclassid = o.class AND d.refobjid = o.oid
    ) AS h WHERE o.class = 'pg_proc'::regclass), '{}') AS holders
FROM objects o
ORDER BY o.made
