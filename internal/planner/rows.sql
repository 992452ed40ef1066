-- What it takes to write rows into the tables of schema $1, one JSON document: columns, constraints and unique indexes.
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'name', c.relname,
  'columns', (SELECT jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), CASE WHEN t.typbasetype = 0 THEN a.atttypmod ELSE t.typtypmod END),
      'notNull', a.attnotnull OR t.typnotnull,
      'given', a.attgenerated <> '' OR a.attidentity = 'a',
      'labels', coalesce((SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid), '[]')
    ) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'constraints', coalesce((SELECT jsonb_agg(jsonb_build_object(
      'name', con.conname,
      'kind', con.contype,
      'columns', coalesce((SELECT jsonb_agg(a.attname ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY k (attnum, n)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum), '[]'),
      'table', (SELECT r.relname FROM pg_class r WHERE r.oid = con.confrelid),
      'refers', coalesce((SELECT jsonb_agg(a.attname ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY k (attnum, n)
        JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.attnum), '[]'),
      'text', pg_get_constraintdef(con.oid)
    ) ORDER BY con.conname) FROM pg_constraint con WHERE con.conrelid = c.oid AND con.contype IN ('p', 'f', 'c')), '[]')
) ORDER BY c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
