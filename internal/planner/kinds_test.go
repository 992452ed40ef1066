package planner

import (
	"fmt"
	"strings"
	"testing"
)

// moreChanges are the kinds of change that need an answer, a recipe or both.
func moreChanges(add func(string) func(string) string, replace func(...string) func(string) string) []change {
	const email = `"email" character varying(255) NOT NULL,`
	return []change{
		{name: "renamed column", edit: replace(`"note" text NULL,`, `"remark" text NULL,`), renames: []Rename{{"users", "note", "remark"}},
			up:   []string{`ALTER TABLE "core"."users" RENAME COLUMN "note" TO "remark"`},
			down: []string{`ALTER TABLE "core"."users" RENAME COLUMN "remark" TO "note"`}, lint: []string{"renaming-column"}},
		{name: "renamed column, annotated", edit: replace(`"note" text NULL,`, `"remark" text NULL,`, `CREATE SCHEMA "core";`, "-- lockstep:rename users.note=remark\nCREATE SCHEMA \"core\";"),
			up: []string{`RENAME COLUMN "note" TO "remark"`}, lint: []string{"renaming-column"}},
		{name: "renamed column with index, check and comment", renames: []Rename{{"users", "email", "mail"}},
			edit: replace(email, `"mail" character varying(255) NOT NULL,`,
				`CREATE UNIQUE INDEX "users_tenant_id_email_key" ON "core"."users" ("tenant_id", "email");`, `CREATE UNIQUE INDEX "users_tenant_id_mail_key" ON "core"."users" ("tenant_id", "mail");`,
				`COMMENT ON COLUMN "core"."users"."email"`, `COMMENT ON COLUMN "core"."users"."mail"`),
			up:   []string{`RENAME COLUMN "email" TO "mail"`, `ALTER INDEX "core"."users_tenant_id_email_key" RENAME TO "users_tenant_id_mail_key"`},
			down: []string{`RENAME TO "users_tenant_id_email_key"`}, lint: []string{"renaming-column"}},
		{name: "renamed and widened column", renames: []Rename{{"users", "email", "mail"}},
			edit: replace(email, `"mail" character varying(500) NOT NULL,`, `("tenant_id", "email")`, `("tenant_id", "mail")`, `"users"."email" IS`, `"users"."mail" IS`),
			up:   []string{`RENAME COLUMN "email" TO "mail"`, `TYPE character varying(500)`}, lint: []string{"renaming-column"},
			warnings: []string{"changes the type of column users.mail: values that do not fit stop it or are cut"}},
		{name: "renamed table", renames: []Rename{{Table: "user_roles", To: "grants"}},
			edit: func(base string) string { return strings.ReplaceAll(base, "user_roles", "grants") },
			up: []string{`ALTER TABLE "core"."user_roles" RENAME TO "grants"`, `RENAME CONSTRAINT "user_roles_pkey" TO "grants_pkey"`,
				`RENAME CONSTRAINT "user_roles_tenant_id_fkey" TO "grants_tenant_id_fkey"`, `ALTER INDEX "core"."user_roles_tenant_id_role_id_idx" RENAME TO "grants_tenant_id_role_id_idx"`},
			down: []string{`ALTER TABLE "core"."grants" RENAME TO "user_roles"`}, lint: []string{"renaming-table"}},
		{name: "column replaced by a similar one", edit: replace(`"note" text NULL,`, `"remark" text NULL,`), drops: []string{"users.note"},
			up: []string{`DROP COLUMN "note"`, `ADD COLUMN "remark"`}, warnings: []string{"drops column users.note and what it holds"}, lint: []string{"ban-drop-column"}, loses: true},
		{name: "table replaced by a similar one", edit: replace(`"core"."user_roles" (
  "tenant_id"`, `"core"."grants" (
  "tenant_id"`, `"user_roles_tenant_id_fkey"`, `"grants_tenant_id_fkey"`, `"user_roles_tenant_id_user_id_fkey"`, `"grants_user_fkey"`, `"user_roles_tenant_id_role_id_fkey"`, `"grants_role_fkey"`,
			`CREATE INDEX "user_roles_tenant_id_role_id_idx" ON "core"."user_roles" ("tenant_id", "role_id");`, ``), drops: []string{"user_roles"},
			up: []string{`DROP TABLE "core"."user_roles"`, `CREATE TABLE "core"."grants"`}, warnings: []string{"drops table user_roles and every row in it"}, lint: []string{"ban-drop-table"}, loses: true},
		{name: "required column without default", edit: replace(`"note" text NULL,`, `"note" text NULL, "age" bigint NOT NULL,`),
			up: []string{`ADD COLUMN "age" bigint NOT NULL DEFAULT 0`, `ALTER COLUMN "age" DROP DEFAULT`}, lint: []string{"required-without-default"},
			warnings: []string{"rows that are already there get users.age = 0; `--backfill users.age=\"SQL expression\"` gives them another value"}},
		{name: "required column, filled in", edit: replace(`"note" text NULL,`, `"note" text NULL, "alias" text NOT NULL,`), backfill: map[string]string{"users.alias": "email"},
			up: []string{`ADD COLUMN "alias" text NULL`, `UPDATE "core"."users" SET "alias" = email`, `CHECK ("alias" IS NOT NULL) NOT VALID`, `VALIDATE CONSTRAINT "users_alias_not_null"`,
				`ALTER COLUMN "alias" SET NOT NULL`, `DROP CONSTRAINT "users_alias_not_null"`},
			lint: []string{"required-without-default"}},
		{name: "nullable becomes required", edit: replace(`"note" text NULL,`, `"note" text NOT NULL DEFAULT '',`),
			up: []string{`SET DEFAULT ''`, `SET "note" = ''`, "-- lockstep:allow unbatched-write only the rows written", `NOT VALID`, `VALIDATE CONSTRAINT`, `SET NOT NULL`}, down: []string{`DROP NOT NULL`, `DROP DEFAULT`}},
		{name: "nullable becomes required, filled in", edit: replace(`"note" text NULL,`, `"note" text NOT NULL,`), backfill: map[string]string{"users.note": "'none: ' || email"},
			up: []string{`SET "note" = 'none: ' || email`}, lint: []string{"required-without-default"}},
		{name: "required becomes nullable", edit: replace(email, `"email" character varying(255) NULL,`), up: []string{`DROP NOT NULL`},
			down: []string{`UPDATE "core"."users" SET "email" = 'lost ' || "id" WHERE "email" IS NULL`, `SET NOT NULL`}, warnings: []string{"undoing it puts substitutes where users.email had values"}},
		{name: "default added", edit: replace(`"note" text NULL,`, `"note" text NULL DEFAULT 'x',`), up: []string{`SET DEFAULT 'x'`}, down: []string{`DROP DEFAULT`}},
		{name: "default changed", edit: replace(`DEFAULT 'active'`, `DEFAULT 'inactive'`), up: []string{`SET DEFAULT 'inactive'`}, down: []string{`SET DEFAULT 'active'`}},
		{name: "default dropped", edit: replace(` DEFAULT 'active'`, ``), up: []string{`DROP DEFAULT`}, lint: []string{"required-without-default"}},
		{name: "volatile default", edit: replace(`"note" text NULL,`, `"note" text NULL, "token" uuid NOT NULL DEFAULT gen_random_uuid(),`),
			up: []string{`ADD COLUMN "token" uuid NULL`, `SET DEFAULT gen_random_uuid()`, `SET "token" = gen_random_uuid()`, `SET NOT NULL`}},
		{name: "enum value removed", edit: replace(`'active', 'inactive'`, `'active'`), backfill: map[string]string{"users.status": "'active'"},
			up:    []string{"-- lockstep:allow data-loss --backfill users.status replaces the values that break users_status_check\n", `SET "status" = 'active'`, `NOT VALID`, `VALIDATE`},
			typed: true},
		{name: "enum values reordered", edit: replace(`'active', 'inactive'`, `'inactive', 'active'`), up: []string{`ARRAY['inactive'::text, 'active'::text]`}},
		{name: "new enum column", edit: replace(`"note" text NULL,`, `"note" text NULL, "kind" character varying NOT NULL DEFAULT 'a', CONSTRAINT "users_kind_check" CHECK ("kind"::text IN ('a', 'b')),`),
			up: []string{`CHECK ((kind)::text = ANY (ARRAY['a'::text, 'b'::text])) NOT VALID`, `VALIDATE CONSTRAINT "users_kind_check"`}},
		{name: "check added", edit: replace(`CONSTRAINT "users_tenant_id_fkey"`, `CONSTRAINT "users_email_check" CHECK (char_length("email"::text) >= 1), CONSTRAINT "users_tenant_id_fkey"`),
			up: []string{`NOT VALID`, `VALIDATE CONSTRAINT "users_email_check"`}, down: []string{`DROP CONSTRAINT "users_email_check"`}},
		{name: "unique index", edit: add(`CREATE UNIQUE INDEX "users_note" ON "core"."users" ("tenant_id", "note", "id");`),
			up: []string{`CREATE UNIQUE INDEX CONCURRENTLY`}, lint: []string{"MF101"}},
		{name: "expression index", edit: add(`CREATE INDEX "users_lower_email" ON "core"."users" ("tenant_id", lower("email"));`), up: []string{`CONCURRENTLY "users_lower_email"`, `lower`}},
		{name: "GIN index", edit: add(`CREATE INDEX "roles_permissions" ON "core"."roles" USING gin ("permissions");`), up: []string{`USING gin`}},
		{name: "index with included column", edit: add(`CREATE INDEX "users_status" ON "core"."users" ("tenant_id", "status") INCLUDE ("email");`), up: []string{`INCLUDE ("email")`}},
		{name: "index on more columns", edit: replace(`("tenant_id", "role_id");`, `("tenant_id", "role_id", "user_id");`),
			up: []string{`CREATE INDEX CONCURRENTLY "next_user_roles_tenant_id_role_id_idx"`, `DROP INDEX CONCURRENTLY`, `ALTER INDEX`}},
		{name: "two indexes", edit: add(`CREATE INDEX "a" ON "core"."users" ("status"); CREATE INDEX "b" ON "core"."users" ("note");`), up: []string{`CONCURRENTLY "a"`, `CONCURRENTLY "b"`}},
		{name: "foreign key that cascades", edit: replace(`REFERENCES "core"."roles" ("tenant_id", "id") ON DELETE NO ACTION`, `REFERENCES "core"."roles" ("tenant_id", "id") ON DELETE CASCADE`),
			up: []string{`DROP CONSTRAINT "user_roles_tenant_id_role_id_fkey"`, `ON DELETE CASCADE NOT VALID`, `VALIDATE CONSTRAINT "user_roles_tenant_id_role_id_fkey"`}, typed: true},
		{name: "foreign key to an existing column", edit: replace(`"note" text NULL,`, `"note" text NULL, "role_id" uuid NULL, CONSTRAINT "users_role_fkey" FOREIGN KEY ("tenant_id", "role_id") REFERENCES "core"."roles" ("tenant_id", "id"),`),
			up: []string{`ADD CONSTRAINT "users_role_fkey"`, `NOT VALID`, `VALIDATE CONSTRAINT "users_role_fkey"`}},
		{name: "required foreign key, filled in", edit: replace(`"note" text NULL,`, `"note" text NULL, "role_id" uuid NOT NULL, CONSTRAINT "users_role_fkey" FOREIGN KEY ("tenant_id", "role_id") REFERENCES "core"."roles" ("tenant_id", "id"),`),
			backfill: map[string]string{"users.role_id": `(SELECT r.id FROM core.roles r WHERE r.tenant_id = users.tenant_id ORDER BY r.id LIMIT 1)`},
			up:       []string{`SET NOT NULL`, `VALIDATE CONSTRAINT "users_role_fkey"`}, lint: []string{"required-without-default"}},
		{name: "join entity", edit: add(`CREATE TABLE "core"."members" ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "user_id" uuid NOT NULL, "role_id" uuid NOT NULL, PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "members_user" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "core"."users" ("tenant_id", "id"), CONSTRAINT "members_role" FOREIGN KEY ("tenant_id", "role_id") REFERENCES "core"."roles" ("tenant_id", "id"));
CREATE UNIQUE INDEX "members_key" ON "core"."members" ("tenant_id", "user_id", "role_id");`), up: []string{`CREATE UNIQUE INDEX "members_key"`}},
		{name: "dropped required foreign key column", edit: replace(`  "role_id" uuid NOT NULL,
`, ``, `,
  CONSTRAINT "user_roles_tenant_id_role_id_fkey" FOREIGN KEY ("tenant_id", "role_id") REFERENCES "core"."roles" ("tenant_id", "id") ON DELETE NO ACTION`, ``,
			`CREATE INDEX "user_roles_tenant_id_role_id_idx" ON "core"."user_roles" ("tenant_id", "role_id");`, ``),
			down: []string{"-- lockstep:irreversible rows need a value in user_roles.role_id"}, lint: []string{"ban-drop-column"},
			warnings: []string{"drops column user_roles.role_id and what it holds", "cannot be undone: rows need a value in user_roles.role_id, and none is known that its constraints take"}},
		{name: "generated column", edit: replace(`"note" text NULL,`, `"note" text NULL, "shout" text NULL GENERATED ALWAYS AS (upper("status"::text)) STORED,`),
			up: []string{`GENERATED ALWAYS AS`}, lint: []string{"adding-field-with-default", "changing-column-type"}},
		{name: "identity column", edit: replace(`"note" text NULL,`, `"note" text NULL, "number" bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,`),
			up: []string{`GENERATED BY DEFAULT AS IDENTITY`}, lint: []string{"adding-field-with-default", "changing-column-type"}},
		{name: "two columns become required", edit: replace(`"note" text NULL,`, `"note" text NOT NULL DEFAULT '', "token" uuid NOT NULL DEFAULT gen_random_uuid(),`),
			up: []string{`"note" = coalesce("note", ''), "token" = coalesce("token", gen_random_uuid()) WHERE "note" IS NULL OR "token" IS NULL`}},
		{name: "several at once", edit: replace(`"note" text NULL,`, `"note" text NOT NULL DEFAULT '', "kind" character varying NOT NULL DEFAULT 'a', CONSTRAINT "users_kind_check" CHECK ("kind"::text IN ('a', 'b')),`,
			`("tenant_id", "role_id");`, `("tenant_id", "role_id"); CREATE INDEX "users_kind" ON "core"."users" ("kind"); `+projectTable),
			up: []string{`CREATE TABLE "core"."projects"`, `CONCURRENTLY "users_kind"`, `SET NOT NULL`, `VALIDATE CONSTRAINT "users_kind_check"`}},
	}
}

// typeChanges add a column of every type Ent's fields have, required and optional, and change types into others.
func typeChanges(replace func(...string) func(string) string) []change {
	var out []change
	for _, t := range []struct{ name, fill string }{
		{"boolean", ""}, {"smallint", ""}, {"integer", ""}, {"bigint", ""}, {"double precision", ""}, {"real", ""}, {"numeric(12,2)", ""}, {"character varying", ""},
		{"character varying(40)", ""}, {"text", ""}, {"timestamptz", ""}, {"date", "current_date"}, {"time", ""}, {"uuid", "id"}, {"bytea", ""}, {"jsonb", ""},
		{"text[]", ""}, {"inet", "'127.0.0.1'"}, {"interval", "'1 day'"},
	} {
		c := change{name: "column of type " + t.name, typed: true, lint: []string{"required-without-default"},
			edit: replace(`"note" text NULL,`, fmt.Sprintf(`"note" text NULL, "maybe" %[1]s NULL, "must" %[1]s NOT NULL,`, t.name)), up: []string{`ADD COLUMN "maybe"`, `"must"`}}
		if t.fill != "" {
			c.backfill = map[string]string{"users.must": t.fill}
		}
		out = append(out, c)
	}
	return out
}

// A column of one type, with values in it, becomes one of another.
func TestRetypes(t *testing.T) {
	t.Parallel()
	rewrite := []string{"changing-column-type"}
	for _, test := range []struct {
		from, to, up string
		lint         []string
		lossy        bool
	}{
		{"bigint", "text", `TYPE text`, rewrite, false},
		{"integer", "bigint", `TYPE bigint`, rewrite, false},
		{"timestamptz", "date", `TYPE date`, rewrite, true},
		{"numeric(12,2)", "numeric(14,2)", `TYPE numeric(14,2)`, nil, false},
		{"numeric(12,2)", "bigint", `TYPE bigint`, rewrite, false},
		{"double precision", "bigint", `TYPE bigint`, rewrite, true},
		{"boolean", "text", `TYPE text`, rewrite, false},
		{"text[]", "jsonb", `TYPE jsonb USING to_jsonb("x")`, rewrite, false},
		{"text", "character varying(200)", `TYPE character varying(200)`, rewrite, false},
		{"character varying(20)", "character varying(40)", `TYPE character varying(40)`, nil, false},
		{"uuid", "text", `TYPE text`, rewrite, false},
		{"boolean", "integer", `TYPE integer`, rewrite, false},
	} {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			column := func(kind string) func(string) string {
				return func(base string) string {
					return strings.Replace(base, `"note" text NULL,`, `"note" text NULL, "x" `+kind+` NULL,`, 1)
				}
			}
			p.edit(column(test.from))
			p.write(p.plan("add_x"))
			p.edit(column(test.to))
			plan := p.plan("change")
			wantWords(t, "up", plan.Up(), []string{test.up})
			p.write(plan)
			p.linted(test.lint)
			p.After = initial.plan.Files[0].Version
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			p.sameSchema(report)
			if last := report.Migrations[len(report.Migrations)-1]; last.WithoutRows != "" || report.Rows == 0 {
				t.Errorf("got %+v, want it proven with rows", last)
			}
			var codes []string
			if test.lossy {
				codes = []string{"data_loss"}
			}
			wantProblems(t, report, codes...)
		})
	}
}
