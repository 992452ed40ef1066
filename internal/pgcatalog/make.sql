-- What a fingerprint leaves out and making its objects anew needs: the order of columns, and the settings of columns that
-- change no answer, as the statements that set them. Both for the schemas a fingerprint describes.
WITH relations AS (
  SELECT c.oid, c.relkind, c.relispartition, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'atlas_schema_revisions') AND c.relkind IN ('r', 'p', 'f', 'c')
    AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = 'pg_class'::regclass AND m.objid = c.oid)
), columns AS (
  SELECT r.name, r.relkind, a.*, t.typstorage FROM relations r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
)
SELECT jsonb_build_object(
  'Columns', coalesce((SELECT jsonb_object_agg(name, list) FROM (SELECT name, jsonb_agg(format('%I', attname) ORDER BY attnum) AS list FROM columns GROUP BY name) AS c), '{}'),
  'Extensions', coalesce((SELECT jsonb_object_agg(format('%I', extname), format('%I', nspname)) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace), '{}'),
  'Settings', coalesce((SELECT jsonb_agg(format('ALTER TABLE %s ALTER COLUMN %I SET %s', name, attname, setting) ORDER BY name, attnum, setting) FROM columns CROSS JOIN LATERAL (
      SELECT 'STORAGE ' || CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS setting WHERE attstorage <> typstorage
      UNION ALL SELECT 'COMPRESSION ' || CASE attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END WHERE attcompression <> ''
      UNION ALL SELECT 'STATISTICS ' || attstattarget WHERE attstattarget >= 0
      UNION ALL SELECT '(' || array_to_string(attoptions, ', ') || ')' WHERE attoptions IS NOT NULL
    ) AS s WHERE relkind IN ('r', 'p')), '[]'),
  'Others', coalesce((SELECT jsonb_agg(concat_ws(' ', (i).type, (i).identity) ORDER BY (i).type, (i).identity) FROM (
      SELECT pg_identify_object(classid, objid, 0) AS i FROM (
        SELECT 'pg_cast'::regclass AS classid, oid AS objid FROM pg_cast
        UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
        UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
        UNION ALL SELECT 'pg_default_acl'::regclass, oid FROM pg_default_acl
        UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
        UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
        UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
        UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata
        UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am
        UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
        UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
        UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
        UNION ALL SELECT 'pg_publication_rel'::regclass, oid FROM pg_publication_rel
        UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
        UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser
        UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template
        UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
      ) AS o WHERE objid >= 16384 -- FirstNormalObjectId: what initdb made has lower ones
        AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = o.classid AND m.objid = o.objid)
    ) AS identified), '[]')
)
