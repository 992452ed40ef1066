-- Tables and views of schema $1 with what fences their rows in; $2 is the tenant column and $3 the application's role.
SELECT c.relname,
  coalesce((SELECT array_agg(a.attname::text ORDER BY k.position)
    FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
    WHERE i.indrelid = c.oid AND i.indisprimary), '{}'),
  EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped),
  c.relrowsecurity,
  c.relforcerowsecurity,
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'Name', p.polname,
      'Permissive', p.polpermissive,
      'Command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
      'Using', coalesce(pg_get_expr(p.polqual, p.polrelid), ''),
      'Check', coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')) ORDER BY p.polname)
    FROM pg_policy p WHERE p.polrelid = c.oid), '[]'),
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'Name', k.conname,
      'Columns', (SELECT jsonb_agg(a.attname ORDER BY x.position) FROM unnest(k.conkey) WITH ORDINALITY AS x (attnum, position)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum),
      'Target', k.confrelid::regclass::text,
      'TargetColumns', (SELECT jsonb_agg(a.attname ORDER BY x.position) FROM unnest(k.confkey) WITH ORDINALITY AS x (attnum, position)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.attnum),
      'TargetOwned', EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = $2 AND NOT a.attisdropped)) ORDER BY k.conname)
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'), '[]'),
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'Name', u.relname,
      'Exclusion', i.indisexclusion,
      'Columns', coalesce((SELECT jsonb_agg(a.attname) FROM unnest(i.indkey) WITH ORDINALITY AS x (attnum, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.attnum
        WHERE NOT i.indisexclusion OR EXISTS (SELECT FROM pg_constraint k JOIN pg_operator o ON o.oid = k.conexclop[x.position]
          WHERE k.conindid = u.oid AND o.oprname = '=')), '[]')) ORDER BY u.relname)
    FROM pg_index i JOIN pg_class u ON u.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary), '[]'),
  CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE '' END,
  EXISTS (SELECT FROM unnest(c.reloptions) AS o WHERE o ~* '^security_invoker=(true|on|yes|1)$'),
  EXISTS (SELECT FROM aclexplode(c.relacl) AS g LEFT JOIN pg_roles r ON r.oid = g.grantee
    WHERE g.privilege_type = 'SELECT' AND (g.grantee = 0 OR r.rolname = $3))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm')
ORDER BY c.relname COLLATE "C"
