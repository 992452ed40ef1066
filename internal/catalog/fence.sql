-- Tables of schema $1 with what fences their rows in; $2 is the tenant column.
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
    FROM pg_policy p WHERE p.polrelid = c.oid), '[]')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C"
