package planner

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

const (
	globalThings = `CREATE TABLE "core"."things" ("id" uuid NOT NULL, PRIMARY KEY ("id"));
`
	ownedThings = `CREATE TABLE "core"."things" ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, PRIMARY KEY ("tenant_id", "id"));
`
)

// A table that passes from everybody to tenants, or back, changes its policies with its key.
func TestFenceFollowsTheKey(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	for i, things := range []string{globalThings, ownedThings, globalThings} {
		p.edit(func(base string) string { return base + things })
		if p.Backfill = nil; i == 1 {
			p.Backfill = map[string]string{"things.tenant_id": "(SELECT id FROM core.tenants ORDER BY id LIMIT 1)"}
		}
		plan := p.plan([]string{"add_things", "own_things", "share_things"}[i])
		p.write(plan)
		if i == 1 {
			wantWords(t, "up", plan.Up(), []string{`DROP POLICY "platform_write"`, `DROP POLICY "reference_read"`, `CREATE POLICY "tenant_isolation"`})
			wantWords(t, "down", plan.Down(), []string{`DROP POLICY "tenant_isolation"`, `CREATE POLICY "reference_read"`})
			if strings.Contains(plan.Up(), "GRANT") {
				t.Errorf("the grants are there already:\n%s", plan.Up())
			}
		}
	}
	if report, err := Verify(t.Context(), p.Options); err != nil || len(report.Problems) > 0 { // the fingerprint included
		t.Errorf("verify: got %+v, %v", report, err)
	}
}

// The Atlas CLI plans a table without its fence and without a reverse. Verify says so; the next plan puts the fence up.
func TestFencesForATableThatHasNone(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string { return base + ownedThings })
	name := nextVersion(p.withDefaults().Now(), initial.plan.Files[0].Version) + "_by_cli.sql"
	p.put(name, ownedThings)
	p.put("down/"+name, `DROP TABLE "core"."things";`)
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report, "schema", "fence", "fence", "fence")
	plan := p.plan("fence_things")
	wantWords(t, "up", plan.Up(), []string{`ALTER TABLE "core"."things" FORCE ROW LEVEL SECURITY`, `CREATE POLICY "tenant_isolation"`, `GRANT`})
	wantWords(t, "down", plan.Down(), []string{`DROP POLICY "tenant_isolation"`, `DISABLE ROW LEVEL SECURITY`, `REVOKE`})
	p.write(plan)
	report, err = Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report)
}

func TestPoliciesByHandAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string { return base + globalThings })
	plan := p.plan("add_things")
	i := strings.Index(plan.Up(), "-- Every tenant reads")
	plan.Files[0].Up = plan.Up()[:i] + `CREATE POLICY "by_hand" ON "core"."things" FOR SELECT USING (true);` + "\n"
	p.write(plan)
	if plan, err := New(t.Context(), p.Options, "again"); !errors.Is(err, ErrNothing) {
		t.Errorf("got plan %+v, %v; want nothing to do", plan, err)
	}
}

func TestTenantColumnMustLead(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string {
		return base + `CREATE TABLE "core"."things" ("id" uuid NOT NULL, "tenant_id" uuid NOT NULL, PRIMARY KEY ("id"));`
	})
	_, err := New(t.Context(), p.Options, "add_things")
	if err == nil || !strings.Contains(err.Error(), "table things has tenant_id, but its primary key does not start with it") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// The planned fences, asked as the application: rows of other tenants are out of reach, for reading and for writing.
func TestFencesHold(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string {
		return base + `CREATE TABLE "core"."countries" ("code" text NOT NULL, PRIMARY KEY ("code"));
			CREATE TABLE "core"."platform_notes" ("title" text NOT NULL, PRIMARY KEY ("title"));`
	})
	p.write(p.plan("add_countries"))
	db := dbtest.Empty(t)
	if _, err := migrate.Up(t.Context(), migrate.Options{Dir: os.DirFS(p.Migrations), URL: db.OwnerURL}); err != nil {
		t.Fatal(err)
	}
	const a, b = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
	app := connect(t, db.AppURL)
	set := func(tenant, platform string) {
		t.Helper()
		if _, err := app.Exec(t.Context(), "SELECT set_config('app.tenant_id', $1, false), set_config('app.platform', $2, false)", tenant, platform); err != nil {
			t.Fatal(err)
		}
	}
	try := func(sql string, allowed bool) {
		t.Helper()
		if _, err := app.Exec(t.Context(), sql); (err == nil) != allowed {
			t.Errorf("%s: got %v, want allowed %v", sql, err, allowed)
		}
	}
	count := func(table string, want int) {
		t.Helper()
		var got int
		if err := app.QueryRow(t.Context(), "SELECT count(*) FROM core."+table).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %d rows, %v; want %d", table, got, err, want)
		}
	}
	set("", "on")
	try("INSERT INTO core.tenants VALUES ('"+a+"', 'a'), ('"+b+"', 'b')", true)
	try("INSERT INTO core.countries VALUES ('de')", true)
	try("INSERT INTO core.platform_notes VALUES ('a')", true)
	count("tenants", 2)
	count("platform_notes", 1)
	set(a, "")
	try("INSERT INTO core.users VALUES ('"+a+"', gen_random_uuid(), 'a@a')", true)
	try("INSERT INTO core.users VALUES ('"+b+"', gen_random_uuid(), 'b@b')", false)
	try("INSERT INTO core.countries VALUES ('fr')", false)
	try("INSERT INTO core.platform_notes VALUES ('b')", false)
	count("platform_notes", 0)
	count("countries", 1)
	count("tenants", 1)
	count("users", 1)
	set(b, "")
	count("users", 0)
	set("", "")
	count("users", 0)
	count("tenants", 0)
}
