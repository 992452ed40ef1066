package ddl_test

import (
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// Page has a field for every kind of index.
type Page struct {
	ent.Schema
	indexed []ent.Index
}

func (Page) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }
func (Page) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("badge_id", uuid.UUID{}).Comment("Badge."),
		field.String("path").MaxLen(200).Comment("Path."),
		field.String("mail").Annotations(contract.Email()).MaxLen(200).Comment("Mail."),
		field.String("title").StorageKey("heading").MaxLen(200).Comment("Title."),
		field.Int("rank").Comment("Rank."),
		field.JSON("meta", map[string]any{}).Comment("Meta."),
		field.Other("tags", pq.StringArray{}).SchemaType(map[string]string{dialect.Postgres: "text[]"}).Comment("Tags."),
		field.Time("at").Comment("At."),
	}
}

func (Page) Edges() []ent.Edge {
	return []ent.Edge{edge.To("badge", fixture.Badge.Type).Unique().Required().Field("badge_id").StorageKey(edge.Symbol("page_of_badge")).Comment("Badge.")}
}

func (p Page) Indexes() []ent.Index { return p.indexed }

func (Page) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Page.")}
}

func pageDDL(t *testing.T, indexes ...ent.Index) (string, []string, error) {
	t.Helper()
	graph := fixture.Graph(t, fixture.Tenant{}, fixture.Badge{}, Page{indexed: indexes})
	sql, err := ddl.Write(t.Context(), graph, validators.Set{})
	if err != nil {
		return "", nil, err
	}
	tables, err := ddl.Tables(graph, validators.Set{})
	return string(sql), ddl.Notes(tables), err
}

// What a schema says of an index holds for the column it says it of, after the tenant leads; and a foreign key keeps an index
// that finds every row.
func TestIndexes(t *testing.T) {
	t.Parallel()
	const cover = "CREATE INDEX pages_tenant_id_badge_id_idx ON core.pages USING btree (tenant_id, badge_id)"
	where := entsql.IndexWhere("rank > 0")
	for name, test := range map[string]struct {
		indexes []ent.Index
		want    []string
		notes   int
	}{
		"none": {nil, []string{cover}, 0},
		"unique for some rows, on a foreign key": {[]ent.Index{index.Fields("badge_id").Unique().Annotations(where)},
			[]string{cover, "CREATE UNIQUE INDEX pages_tenant_id_badge_id_key ON core.pages USING btree (tenant_id, badge_id) WHERE (rank > 0)"}, 0},
		"some rows and all, over the same columns": {[]ent.Index{index.Fields("badge_id"), index.Fields("badge_id").Annotations(where), index.Fields("badge_id").Unique().Annotations(entsql.IndexWhere("rank = 0"))},
			[]string{cover, "CREATE INDEX pages_tenant_id_badge_id_idx1 ON core.pages USING btree (tenant_id, badge_id) WHERE (rank > 0)",
				"CREATE UNIQUE INDEX pages_tenant_id_badge_id_key ON core.pages USING btree (tenant_id, badge_id) WHERE (rank = 0)"}, 0},
		"hash on a foreign key": {[]ent.Index{index.Fields("badge_id").Annotations(entsql.IndexType("HASH"))},
			[]string{"CREATE INDEX pages_badge_id_idx ON core.pages USING hash (badge_id)", cover}, 1},
		"operator class": {[]ent.Index{index.Fields("path").Annotations(entsql.OpClass("varchar_pattern_ops"))},
			[]string{cover, "CREATE INDEX pages_tenant_id_path_idx ON core.pages USING btree (tenant_id, path varchar_pattern_ops)"}, 0},
		"operator class of one of several": {[]ent.Index{index.Fields("rank", "path").Annotations(entsql.OpClassColumn("path", "varchar_pattern_ops"))},
			[]string{cover, "CREATE INDEX pages_tenant_id_rank_path_idx ON core.pages USING btree (tenant_id, rank, path varchar_pattern_ops)"}, 0},
		"storage key": {[]ent.Index{index.Fields("path").StorageKey("page_path"), index.Fields("rank").StorageKey("page_rank").Unique()},
			[]string{"CREATE INDEX page_path ON core.pages USING btree (tenant_id, path)", "CREATE UNIQUE INDEX page_rank ON core.pages USING btree (tenant_id, rank)", cover}, 0},
		"descending": {[]ent.Index{index.Fields("at").Annotations(entsql.Desc()), index.Fields("rank", "at").Annotations(entsql.DescColumns("at"))},
			[]string{"CREATE INDEX pages_tenant_id_at_idx ON core.pages USING btree (tenant_id, at DESC)", cover,
				"CREATE INDEX pages_tenant_id_rank_at_idx ON core.pages USING btree (tenant_id, rank, at DESC)"}, 0},
		"by the field's name": {[]ent.Index{index.Fields("title").Annotations(entsql.DescColumns("title"))},
			[]string{cover, "CREATE INDEX pages_tenant_id_heading_idx ON core.pages USING btree (tenant_id, heading DESC)"}, 0},
		"included": {[]ent.Index{index.Fields("rank").Annotations(entsql.IncludeColumns("title", "tenant_id"))},
			[]string{cover, "CREATE INDEX pages_tenant_id_rank_idx ON core.pages USING btree (tenant_id, rank) INCLUDE (heading)"}, 0},
		"GIN": {[]ent.Index{index.Fields("tags").Annotations(entsql.IndexType("GIN")), index.Fields("meta").Annotations(entsql.IndexType("gin"), entsql.OpClass("jsonb_path_ops"))},
			[]string{"CREATE INDEX pages_meta_idx ON core.pages USING gin (meta jsonb_path_ops)", "CREATE INDEX pages_tags_idx ON core.pages USING gin (tags)", cover}, 2},
		"BRIN": {[]ent.Index{index.Fields("at", "rank").Annotations(entsql.IndexTypes(map[string]string{dialect.Postgres: "BRIN"}))},
			[]string{"CREATE INDEX pages_at_rank_idx ON core.pages USING brin (at, rank)", cover}, 1},
		"unique without case, for some rows": {[]ent.Index{index.Fields("mail").Unique().Annotations(entsql.IndexWhere("mail <> ''"))},
			[]string{cover, "CREATE UNIQUE INDEX pages_tenant_id_mail_key ON core.pages USING btree (tenant_id, lower((mail)::text)) WHERE ((mail)::text <> ''::text)"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sql, notes, err := pageDDL(t, test.indexes...)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(t.Context()) }()
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%v in\n%s", err, sql)
			}
			rows, err := conn.Query(t.Context(), "SELECT indexdef FROM pg_indexes WHERE schemaname = 'core' AND tablename = 'pages' AND indexname <> 'pages_pkey'")
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("indexes (-want +got):\n%s", diff)
			}
			if len(notes) != test.notes {
				t.Errorf("got notes %q, want %d", notes, test.notes)
			}
			if !strings.Contains(sql, `CONSTRAINT "page_of_badge" FOREIGN KEY ("tenant_id", "badge_id")`) {
				t.Errorf("the foreign key lost the name the schema gives it:\n%s", sql)
			}
		})
	}
}

// What Ent would leave out without a word, and what Postgres has no form for, is refused with the entity and what to do.
func TestIndexesThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		index ent.Index
		says  string
	}{
		"prefix":                     {index.Fields("path").Annotations(entsql.Prefix(10)), "entsql.Prefix is MySQL's"},
		"prefix of a column":         {index.Fields("path", "rank").Annotations(entsql.PrefixColumn("path", 10)), "entsql.Prefix is MySQL's"},
		"class of several":           {index.Fields("path", "rank").Annotations(entsql.OpClass("varchar_pattern_ops")), "use entsql.OpClassColumn"},
		"order of several":           {index.Fields("path", "rank").Annotations(entsql.Desc()), "use entsql.DescColumns"},
		"class of another column":    {index.Fields("path").Annotations(entsql.OpClassColumn("rank", "int4_ops")), `names "rank"`},
		"order of another column":    {index.Fields("path").Annotations(entsql.DescColumns("rank")), `names "rank"`},
		"unique GIN":                 {index.Fields("tags").Unique().Annotations(entsql.IndexType("GIN")), "GIN indexes cannot be unique"},
		"GIN with an order":          {index.Fields("tags").Annotations(entsql.IndexType("GIN"), entsql.Desc()), "have no order"},
		"BRIN with others":           {index.Fields("at").Annotations(entsql.IndexType("BRIN"), entsql.IncludeColumns("rank")), "include no columns"},
		"HASH of several":            {index.Fields("path", "rank").Annotations(entsql.IndexType("HASH")), "HASH indexes have one column"},
		"GIN with the tenant":        {index.Fields("tenant_id", "tags").Annotations(entsql.IndexType("GIN")), "leave it out"},
		"method of another database": {index.Fields("path").Annotations(entsql.IndexType("FULLTEXT")), "no index method FULLTEXT"},
		"long name":                  {index.Fields("path").StorageKey(strings.Repeat("x", 64)), "shorter StorageKey"},
		"name of a table":            {index.Fields("path").StorageKey("badges"), "give one another StorageKey"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := pageDDL(t, test.index)
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(strings.ToLower(err.Error()), "page") {
				t.Errorf("got %v, want it to name the entity and say %q", err, test.says)
			}
		})
	}
}
