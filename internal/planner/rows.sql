-- What it takes to write rows into the tables of schema $1, one JSON document: columns, constraints and unique indexes.
WITH RECURSIVE types AS ( -- a domain may be over another one
  SELECT oid AS of, oid, typtype AS kind, typbasetype AS below, NULL::int AS modifier FROM pg_type
  UNION ALL
  SELECT y.of, t.oid, t.typtype, t.typbasetype, coalesce(nullif(d.typtypmod, -1), y.modifier) FROM types y JOIN pg_type d ON d.oid = y.oid JOIN pg_type t ON t.oid = y.below WHERE y.kind = 'd'
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'name', c.relname,
  'columns', (SELECT jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', (SELECT format_type(y.oid, CASE WHEN y.oid = t.oid THEN a.atttypmod ELSE y.modifier END) FROM types y WHERE y.of = t.oid AND y.kind <> 'd'),
      'notNull', a.attnotnull OR EXISTS (SELECT FROM types y JOIN pg_type d ON d.oid = y.oid WHERE y.of = t.oid AND d.typnotnull),
      'checks', coalesce((SELECT jsonb_agg(regexp_replace(pg_get_constraintdef(k.oid), '^CHECK (.*?)( NOT VALID)?$', '\1') ORDER BY k.conname)
        FROM types y JOIN pg_constraint k ON k.contypid = y.oid AND k.contype = 'c' WHERE y.of = t.oid), '[]'),
      'given', a.attgenerated <> '' OR a.attidentity = 'a',
      'expression', CASE WHEN a.attgenerated <> '' THEN (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum) ELSE '' END,
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
      'text', pg_get_constraintdef(con.oid),
      'functions', coalesce((SELECT jsonb_agg(p.prosrc ORDER BY p.oid) FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
        WHERE d.classid = 'pg_constraint'::regclass AND d.objid = con.oid AND d.refclassid = 'pg_proc'::regclass), '[]')
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
