package migrate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// Each case changes the directory or the revisions after versions 1 and 3 were applied.
func TestStatus(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	tests := []struct {
		name    string
		fault   func(t *testing.T, f files, conn *pgx.Conn)
		pending []string
		ahead   []string
		code    string // of the only problem, empty for none
		says    string
		upFails bool
	}{
		{name: "up to date", fault: func(*testing.T, files, *pgx.Conn) {}},
		{name: "pending", fault: func(_ *testing.T, f files, _ *pgx.Conn) { f["4_d.sql"] = "SELECT 1;\n" }, pending: []string{"4"}},
		{name: "edited", fault: func(_ *testing.T, f files, _ *pgx.Conn) { f["1_a.sql"] += "-- more\n" }, code: "edited", says: "1_a.sql was changed after it was applied", upFails: true},
		{name: "out of order", fault: func(_ *testing.T, f files, _ *pgx.Conn) { f["2_b.sql"] = "SELECT 1;\n" }, code: "out_of_order", says: "2_b.sql is older than version 3", upFails: true},
		{name: "removed", fault: func(_ *testing.T, f files, _ *pgx.Conn) { delete(f, "1_a.sql"); f["4_d.sql"] = "SELECT 1;\n" }, pending: []string{"4"}, code: "unknown", says: "version 1 is applied", upFails: true},
		{name: "ahead", fault: func(_ *testing.T, f files, _ *pgx.Conn) { delete(f, "3_c.sql") }, ahead: []string{"3"}},
		{name: "half applied and unknown", fault: func(t *testing.T, f files, conn *pgx.Conn) {
			delete(f, "3_c.sql")
			exec(t, conn, "UPDATE atlas_schema_revisions.atlas_schema_revisions SET applied = 0, error = 'boom' WHERE version = '3'")
		}, code: "dirty", says: "run the release that does", upFails: true},
		{name: "baseline", fault: func(t *testing.T, f files, conn *pgx.Conn) {
			f["0_z.sql"] = "SELECT 1;\n"
			exec(t, conn, "UPDATE atlas_schema_revisions.atlas_schema_revisions SET type = 1, applied = 0, total = 0, hash = '' WHERE version = '1'")
			// The file before the baseline changes the sums of those after it.
			exec(t, conn, "UPDATE atlas_schema_revisions.atlas_schema_revisions SET hash = '' WHERE version = '3'")
		}},
		{name: "of Atlas itself", fault: func(t *testing.T, _ files, conn *pgx.Conn) {
			exec(t, conn, "INSERT INTO atlas_schema_revisions.atlas_schema_revisions SELECT '.atlas_cloud_identifier', 'x', type, 0, 1, executed_at, 0, '', '', '', NULL, '' FROM atlas_schema_revisions.atlas_schema_revisions LIMIT 1")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			f := files{"1_a.sql": "SELECT 1;\n", "3_c.sql": "SELECT 3;\n"}
			mustUp(t, history(t, f), db.OwnerURL)
			test.fault(t, f, connect(t, db.OwnerURL))
			o := options(t, history(t, f), db.OwnerURL)
			state, err := migrate.Status(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var pending []string
			for _, step := range state.Pending {
				pending = append(pending, step.Version)
			}
			if diff := cmp.Diff(test.pending, pending); diff != "" {
				t.Errorf("pending (-want +got):\n%s", diff)
			}
			if len(test.ahead)+len(state.Ahead) > 0 && !cmp.Equal(test.ahead, state.Ahead) {
				t.Errorf("ahead: got %v, want %v", state.Ahead, test.ahead)
			}
			switch {
			case test.code == "" && len(state.Problems) > 0:
				t.Errorf("got problem %v, want none", state.Problems[0])
			case test.code != "" && len(state.Problems) != 1:
				t.Errorf("got problems %v, want one", state.Problems)
			case test.code != "":
				wantProblem(t, state.Problems[0], test.code, test.says)
			}
			result, err := migrate.Up(t.Context(), o)
			if test.upFails {
				wantProblem(t, err, test.code)
			} else if err != nil || len(result.Files) != len(test.pending) {
				t.Errorf("up: got %+v, %v; want %d files applied", result, err, len(test.pending))
			}
		})
	}
}

// Every planted hole in the fence is named, together with what closes it.
func TestVerifyFences(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, fault, says string }{
		{"switched off", "ALTER TABLE core.users DISABLE ROW LEVEL SECURITY", "ALTER TABLE core.users ENABLE ROW LEVEL SECURITY"},
		{"not for the owner", "ALTER TABLE core.roles NO FORCE ROW LEVEL SECURITY", "ALTER TABLE core.roles FORCE ROW LEVEL SECURITY"},
		{"no policy", "DROP POLICY tenant_isolation ON core.users", "core.users: no policy"},
		{"shows all", "CREATE POLICY hole ON core.users FOR SELECT USING (true)", "policy hole shows rows of every tenant"},
		{"takes all", "CREATE POLICY hole ON core.users FOR INSERT WITH CHECK (current_setting('app.tenant_id', true) <> '')", "policy hole takes rows of every tenant"},
		{"tenants too", "CREATE POLICY hole ON core.tenants FOR SELECT USING (slug <> '')", "core.tenants: policy hole"},
		{"tenants changed by themselves", "ALTER POLICY tenant_lock ON core.tenants WITH CHECK (id = nullif(current_setting('app.tenant_id', true), '')::uuid OR current_setting('app.platform', true) = 'on')",
			"policy tenant_lock lets a tenant change its own row"},
		{"tenants removed by themselves", "CREATE POLICY hole ON core.tenants FOR DELETE USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
			"policy hole lets a tenant change its own row"},
		{"key without tenant", "CREATE TABLE core.things (id uuid PRIMARY KEY, tenant_id uuid NOT NULL); ALTER TABLE core.things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; " +
			"CREATE POLICY p ON core.things USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)", "primary key is (id)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			dir := history(t, map[string]string{"1_a.sql": fenced})
			mustUp(t, dir, db.OwnerURL)
			o := options(t, dir, db.OwnerURL)
			if state, err := migrate.Verify(t.Context(), o); err != nil || !state.Clean() {
				t.Fatalf("before the fault: got %+v, %v; want a clean database", state, err)
			}
			exec(t, connect(t, db.OwnerURL), test.fault)
			state, err := migrate.Verify(t.Context(), o)
			if err != nil || len(state.Problems) != 1 {
				t.Fatalf("got %+v, %v; want one problem", state.Problems, err)
			}
			wantProblem(t, state.Problems[0], "fence", test.says)
			// The application may look after itself.
			o.URL = db.AppURL
			if again, err := migrate.Verify(t.Context(), o); err != nil || !cmp.Equal(again.Problems, state.Problems) {
				t.Errorf("as the application: got %+v, %v; want the same", again.Problems, err)
			}
		})
	}
}

const fenced = `CREATE SCHEMA core;
CREATE TABLE core.tenants (id uuid PRIMARY KEY, slug text NOT NULL);
CREATE TABLE core.users (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE core.roles (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE core.countries (code text PRIMARY KEY);
ALTER TABLE core.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE core.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE core.roles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_read ON core.tenants FOR SELECT USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid OR current_setting('app.platform', true) = 'on');
CREATE POLICY tenant_lock ON core.tenants FOR UPDATE USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid OR current_setting('app.platform', true) = 'on')
  WITH CHECK (current_setting('app.platform', true) = 'on');
CREATE POLICY platform_write ON core.tenants USING (current_setting('app.platform', true) = 'on');
CREATE POLICY tenant_isolation ON core.users USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY tenant_isolation ON core.roles USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
`
