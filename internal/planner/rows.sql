-- What it takes to write rows into the tables of schema $1, one JSON document: columns, constraints and unique indexes.
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'name', c.relname,
  'columns', (SELECT jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), CASE WHEN t.typbasetype = 0 THEN a.atttypmod ELSE t.typtypmod END),
      'notNull', a.attnotnull OR t.typnotnull,
      'checks', coalesce((SELECT jsonb_agg(regexp_replace(pg_get_constraintdef(k.oid), '^CHECK (.*?)( NOT VALID)?$', '\1') ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '[]'),
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
    ) ORDER BY con.conname) FROM pg_constraint con WHERE con.conrelid = c.oid AND con.contype IN ('p', 'f', 'c')), '[]') ||
    -- A row of a partitioned table has to fit one of its partitions.
    CASE WHEN c.relkind <> 'p' OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) THEN '[]' ELSE jsonb_build_array(jsonb_build_object(
      'name', 'partitions', 'kind', 'c', 'table', NULL, 'refers', '[]'::jsonb,
      'columns', (SELECT jsonb_agg(DISTINCT a.attname) FROM pg_partitioned_table pt CROSS JOIN unnest(pt.partattrs) k (attnum) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE pt.partrelid = c.oid),
      'text', (SELECT 'CHECK ((' || string_agg(coalesce(pg_get_partition_constraintdef(i.inhrelid), 'true'), ') OR (') || '))' FROM pg_inherits i WHERE i.inhparent = c.oid))) END
) ORDER BY c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
