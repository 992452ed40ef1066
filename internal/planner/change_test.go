package planner

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const projectTable = `CREATE TABLE "core"."projects" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "name" character varying(255) NOT NULL,
  "owner_id" uuid NULL,
  "parent_id" uuid NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "projects_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON DELETE NO ACTION,
  CONSTRAINT "projects_tenant_id_parent_id_fkey" FOREIGN KEY ("tenant_id", "parent_id") REFERENCES "core"."projects" ("tenant_id", "id") ON DELETE NO ACTION,
  CONSTRAINT "projects_tenant_id_owner_id_fkey" FOREIGN KEY ("tenant_id", "owner_id") REFERENCES "core"."users" ("tenant_id", "id") ON DELETE NO ACTION
);
CREATE INDEX "projects_tenant_id_owner_id_idx" ON "core"."projects" ("tenant_id", "owner_id");
COMMENT ON TABLE "core"."projects" IS 'Work; with an owner.';
COMMENT ON COLUMN "core"."projects"."name" IS 'It''s name.';
`

// change is one edit of the base state and what comes of it.
type change struct {
	name     string
	edit     func(string) string
	renames  []Rename
	drops    []string
	backfill map[string]string
	up, down []string
	not      []string // what up does not say
	warnings []string
	lint     []string // rules that stay open
	loses    bool     // values or rows, by what the change says
	typed    bool     // the warnings are checked elsewhere
}

// Every kind of change is planned, applied, undone and applied again by New itself, which compares the states; the test
// adds that the result is the desired state by fingerprint, and what the files and warnings say.
func TestChanges(t *testing.T) {
	t.Parallel()
	add := func(sql string) func(string) string { return func(base string) string { return base + sql } }
	replace := func(pairs ...string) func(string) string {
		return func(base string) string {
			for i := 0; i < len(pairs); i += 2 {
				if !strings.Contains(base, pairs[i]) {
					panic("not in the base: " + pairs[i])
				}
				base = strings.Replace(base, pairs[i], pairs[i+1], 1)
			}
			return base
		}
	}
	tests := []change{
		{name: "limit is reported or validated", edit: replace(`CONSTRAINT "users_status_check"`, `CONSTRAINT "users_note_limit" CHECK (char_length("note") <= 100), CONSTRAINT "users_status_check"`),
			up: []string{
				`ADD CONSTRAINT "users_note_limit" CHECK (char_length(note) <= 100) NOT VALID;`, `WHERE NOT ((char_length(note) <= 100))`,
				`ALTER TABLE "core"."users" VALIDATE CONSTRAINT "users_note_limit";`, `RAISE WARNING '% rows of core.users break users_note_limit, the first: %.`,
			},
			down: []string{`DROP CONSTRAINT "users_note_limit"`}},
		{name: "limit of a new column that holds nothing is validated", edit: replace(`"note" text NULL,`, `"note" text NULL, "seats" bigint NULL,`,
			`CONSTRAINT "users_status_check"`, `CONSTRAINT "users_seats_limit" CHECK ("seats" BETWEEN -9007199254740991 AND 9007199254740991), CONSTRAINT "users_status_check"`),
			up: []string{`ADD COLUMN "seats" bigint NULL;`, `NOT VALID;`, `ALTER TABLE "core"."users" VALIDATE CONSTRAINT "users_seats_limit";`}, not: []string{"RAISE WARNING", "DO $$"}},
		{name: "required column with a limit asks nothing", edit: replace(`"note" text NULL,`, `"note" text NULL, "bio" text NOT NULL, "seen_at" timestamptz NOT NULL,`,
			`CONSTRAINT "users_status_check"`, `CONSTRAINT "users_bio_limit" CHECK (char_length("bio") <= 100), CONSTRAINT "users_seen_at_limit" CHECK (date_part('epoch', "seen_at") < 253402300800), CONSTRAINT "users_status_check"`),
			up: []string{`ADD COLUMN "bio" text NOT NULL DEFAULT ''`, `"users_bio_limit"`}, typed: true, lint: []string{"required-without-default"}},
		{name: "new tenant-owned table with self edge", edit: add(projectTable),
			up: []string{
				"-- Create \"projects\" table\nCREATE TABLE \"core\".\"projects\" (\n  \"tenant_id\" uuid NOT NULL,\n",
				`COMMENT ON TABLE "core"."projects" IS 'Work; with an owner.'`, `'It''s name.'`,
				`ALTER TABLE "core"."projects" ENABLE ROW LEVEL SECURITY`, `ALTER TABLE "core"."projects" FORCE ROW LEVEL SECURITY`,
				"CREATE POLICY \"tenant_isolation\" ON \"core\".\"projects\"\n  USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)\n  WITH CHECK",
				`GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."projects" TO "core_app"`,
			},
			down: []string{"-- Drop \"projects\" table\nDROP TABLE \"core\".\"projects\";\n"}},
		{name: "new global table", edit: add("CREATE TABLE \"core\".\"countries\" (\"code\" character varying(2) NOT NULL, PRIMARY KEY (\"code\"));\n"),
			up: []string{
				`CREATE POLICY "reference_read" ON "core"."countries" FOR SELECT`, `CREATE POLICY "platform_write" ON "core"."countries"`,
				`FORCE ROW LEVEL SECURITY`, `ON "core"."countries" TO "core_app"`,
			},
			down: []string{`DROP TABLE "core"."countries"`}},
		{name: "two new tables that refer to each other", edit: add(`CREATE TABLE "core"."xs" ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "y" uuid NULL, PRIMARY KEY ("tenant_id", "id"));
CREATE TABLE "core"."ys" ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "x" uuid NULL, PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "ys_x" FOREIGN KEY ("tenant_id", "x") REFERENCES "core"."xs" ("tenant_id", "id"));
ALTER TABLE "core"."xs" ADD CONSTRAINT "xs_y" FOREIGN KEY ("tenant_id", "y") REFERENCES "core"."ys" ("tenant_id", "id");
`), up: []string{`FORCE ROW LEVEL SECURITY`}},
		{name: "dropped tables", lint: []string{"ban-drop-table"}, loses: true, edit: func(base string) string { return base[:strings.Index(base, `CREATE TABLE "core"."user_roles"`)] },
			up: []string{`DROP TABLE "core"."user_roles"`},
			down: []string{
				`CREATE TABLE "core"."user_roles"`, `CREATE INDEX "user_roles_tenant_id_role_id_idx"`,
				`ALTER TABLE "core"."user_roles" FORCE ROW LEVEL SECURITY`, `GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."user_roles"`,
			},
			warnings: []string{"drops table user_roles and every row in it"}},
		{name: "added column", edit: replace(`"note" text NULL,`, `"note" text NULL, "age" bigint NOT NULL DEFAULT 0,`),
			up: []string{`ALTER TABLE "core"."users" ADD COLUMN "age" bigint NOT NULL DEFAULT 0`}, down: []string{`DROP COLUMN "age"`}},
		{name: "dropped column", lint: []string{"ban-drop-column"}, loses: true, edit: replace(`"note" text NULL,`, ``),
			up: []string{`DROP COLUMN "note"`}, down: []string{`ADD COLUMN "note" text NULL`},
			warnings: []string{"drops column users.note and what it holds"}},
		{name: "dropped column with index and comment", lint: []string{"ban-drop-column"}, loses: true, edit: replace(`"email" character varying(255) NOT NULL,`, ``,
			`CREATE UNIQUE INDEX "users_tenant_id_email_key" ON "core"."users" ("tenant_id", "email");`, ``,
			`COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address; unique in the tenant''s users.';`, ``),
			down:     []string{`CREATE UNIQUE INDEX "users_tenant_id_email_key"`, `'E-mail address; unique in the tenant''s users.'`},
			warnings: []string{"drops column users.email and what it holds", "undoing it puts substitutes where users.email had values"}},
		{name: "widened column", edit: replace(`"name" character varying(255)`, `"name" character varying(500)`),
			up: []string{`ALTER COLUMN "name" TYPE character varying(500)`}, down: []string{`TYPE character varying(255)`},
			warnings: []string{"changes the type of column roles.name: values that do not fit stop it or are cut"}},
		{name: "nullability and default", edit: replace(`"email" character varying(255) NOT NULL`, `"email" character varying(255) NULL DEFAULT ''`),
			up: []string{`DROP NOT NULL`, `SET DEFAULT ''`}, down: []string{`SET NOT NULL`, `DROP DEFAULT`},
			warnings: []string{"undoing it puts substitutes where users.email had values"}},
		{name: "added enum value", edit: replace(`'inactive')`, `'inactive', 'invited')`),
			up:   []string{`DROP CONSTRAINT "users_status_check"`, `ADD CONSTRAINT "users_status_check"`, `'invited'`},
			down: []string{`DROP CONSTRAINT "users_status_check"`, `ARRAY['active'::text, 'inactive'::text]`}},
		{name: "dropped check", edit: replace(",\n  CONSTRAINT \"users_status_check\" CHECK (\"status\"::text IN ('active', 'inactive'))", ""),
			up: []string{`DROP CONSTRAINT "users_status_check"`}, down: []string{`ADD CONSTRAINT "users_status_check"`}},
		{name: "index", edit: add(`CREATE INDEX "users_status" ON "core"."users" ("tenant_id", "status" DESC) WHERE "note" IS NOT NULL;`),
			up: []string{`CREATE INDEX CONCURRENTLY "users_status"`, `WHERE (note IS NOT NULL)`}, down: []string{`DROP INDEX CONCURRENTLY "core"."users_status"`}},
		{name: "dropped index", edit: replace(`CREATE INDEX "user_roles_tenant_id_role_id_idx" ON "core"."user_roles" ("tenant_id", "role_id");`, ``),
			up: []string{`DROP INDEX CONCURRENTLY "core"."user_roles_tenant_id_role_id_idx"`}, down: []string{`CREATE INDEX CONCURRENTLY "user_roles_tenant_id_role_id_idx"`}},
		{name: "index that becomes unique", lint: []string{"MF101"}, edit: replace(`CREATE INDEX "user_roles_tenant_id_role_id_idx"`, `CREATE UNIQUE INDEX "user_roles_tenant_id_role_id_idx"`),
			up: []string{`CREATE UNIQUE INDEX CONCURRENTLY`}, down: []string{`CREATE INDEX CONCURRENTLY "user_roles_tenant_id_role_id_idx"`}},
		{name: "self edge on a table that is there", edit: replace(`"note" text NULL,`, `"note" text NULL, "manager_id" uuid NULL,
  CONSTRAINT "users_tenant_id_manager_id_fkey" FOREIGN KEY ("tenant_id", "manager_id") REFERENCES "core"."users" ("tenant_id", "id") ON DELETE NO ACTION,`),
			up:   []string{`CONSTRAINT "users_tenant_id_manager_id_fkey" FOREIGN KEY ("tenant_id", "manager_id")`},
			down: []string{`DROP COLUMN "manager_id"`}},
		{name: "dropped foreign key", lint: []string{"CD101"}, edit: replace(",\n  CONSTRAINT \"user_roles_tenant_id_role_id_fkey\" FOREIGN KEY (\"tenant_id\", \"role_id\") REFERENCES \"core\".\"roles\" (\"tenant_id\", \"id\") ON DELETE NO ACTION", ""),
			up: []string{`DROP CONSTRAINT "user_roles_tenant_id_role_id_fkey"`}, down: []string{`CONSTRAINT "user_roles_tenant_id_role_id_fkey" FOREIGN KEY`}},
		{name: "comments changed, added and removed", edit: replace("'Customer organisation.'", "'Customer; of ours.'",
			`COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address; unique in the tenant''s users.';`, `COMMENT ON TABLE "core"."roles" IS 'Set of permissions.';`),
			up:   []string{`'Customer; of ours.'`, `COMMENT ON TABLE "core"."roles" IS 'Set of permissions.'`, `COMMENT ON COLUMN "core"."users"."email" IS ''`},
			down: []string{`'Customer organisation.'`, `COMMENT ON TABLE "core"."roles" IS ''`}},
	}
	for _, test := range slices.Concat(tests, moreChanges(add, replace), typeChanges(replace)) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(test.edit)
			p.Renames, p.Drops, p.Backfill = test.renames, test.drops, test.backfill
			plan := p.plan("change")
			wantWords(t, "up", plan.Up(), test.up)
			for _, word := range test.not {
				if strings.Contains(plan.Up(), word) {
					t.Errorf("up says %q:\n%s", word, plan.Up())
				}
			}
			wantWords(t, "down", plan.Down(), test.down)
			if diff := cmp.Diff(test.warnings, plan.Warnings); diff != "" && !test.typed {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if strings.Contains(strings.ReplaceAll(plan.Up()+plan.Down(), "ON DELETE CASCADE", ""), "CASCADE") {
				t.Errorf("the plan drops what it does not name:\n%s%s", plan.Up(), plan.Down())
			}
			p.write(plan)
			p.linted(test.lint)
			p.After = initial.plan.Files[0].Version
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			p.sameSchema(report)
			if len(report.Bare) > 0 || report.Rows < 4*rowsPerTable-6 {
				t.Errorf("got %d rows, none in %v", report.Rows, report.Bare)
			}
			for _, m := range report.Migrations {
				if m.WithoutRows != "" {
					t.Errorf("%s is proven on empty tables only: %s", m.Name, m.WithoutRows)
				}
			}
			var codes []string
			if test.loses {
				codes = []string{"data_loss"} // silent, until the file says that it may
			}
			wantProblems(t, report, codes...)
		})
	}
}

// linted compares the rules found in the planned files with those wanted: what the planner plans by itself blocks nobody,
// and what remains is for a person to decide.
func (p *project) linted(want []string) {
	p.t.Helper()
	var got []string
	for _, f := range lintOf(p.t, p, initial.plan.Files[0].Version).Open() {
		got = append(got, f.Rule)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		p.t.Errorf("lint (-want +got):\n%s", diff)
	}
}
