package pgcatalog_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// problems are those of all tables and views of the database.
func problems(t *testing.T, url string, change string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), change); err != nil {
		t.Fatalf("%s: %v", change, err)
	}
	tables, err := pgcatalog.Tables(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, table := range tables {
		out = append(out, table.Problems()...)
	}
	return out
}

// TestHolesInTheFence plants each kind of hole into the migrated schema, which has none.
func TestHolesInTheFence(t *testing.T) {
	t.Parallel()
	if got := problems(t, dbtest.New(t).OwnerURL, `SELECT`); len(got) > 0 {
		t.Fatalf("the schema as it is: got %q, want no problem", got)
	}
	const notes = `CREATE TABLE core.notes (tenant_id uuid NOT NULL, id uuid NOT NULL, user_id uuid, title text, PRIMARY KEY (tenant_id, id));
		ALTER TABLE core.notes ENABLE ROW LEVEL SECURITY; ALTER TABLE core.notes FORCE ROW LEVEL SECURITY;
		CREATE POLICY p ON core.notes USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);`
	for name, c := range map[string]struct{ change, want string }{
		"off":               {`ALTER TABLE core.users DISABLE ROW LEVEL SECURITY`, "core.users: row-level security is off"},
		"not forced":        {`ALTER TABLE core.users NO FORCE ROW LEVEL SECURITY`, "core.users: row-level security does not bind the table's owner"},
		"no policy":         {`DROP POLICY tenant_isolation ON core.users`, "core.users: no policy"},
		"another policy":    {`CREATE POLICY extra ON core.users FOR SELECT USING (status = 'active')`, "core.users: policy extra shows rows of every tenant"},
		"writes elsewhere":  {`ALTER POLICY tenant_isolation ON core.users WITH CHECK (true)`, "core.users: policy tenant_isolation takes rows of every tenant"},
		"or":                {`ALTER POLICY tenant_isolation ON core.users USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid OR status = 'active')`, "core.users: policy tenant_isolation shows rows of every tenant"},
		"the platform":      {`CREATE POLICY extra ON core.users USING (current_setting('app.platform', true) = 'on')`, "core.users: policy extra shows rows of every tenant"},
		"another setting":   {`ALTER POLICY tenant_isolation ON core.users USING (tenant_id = current_setting('app.other')::uuid)`, "core.users: policy tenant_isolation shows rows of every tenant"},
		"new table":         {`CREATE TABLE core.notes (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))`, "core.notes: row-level security is off"},
		"key":               {`CREATE TABLE core.notes (tenant_id uuid, id uuid PRIMARY KEY)`, "core.notes: the primary key is (id)"},
		"foreign key":       {notes + `ALTER TABLE core.roles ADD CONSTRAINT global UNIQUE (id); ALTER TABLE core.notes ADD CONSTRAINT astray FOREIGN KEY (user_id) REFERENCES core.roles (id)`, "core.notes: the foreign key astray takes ids of other tenants' rows of core.roles; make it (tenant_id, user_id) REFERENCES core.roles (tenant_id, id)"},
		"crossed key":       {notes + `ALTER TABLE core.roles ADD CONSTRAINT crossed UNIQUE (id, tenant_id); ALTER TABLE core.notes ADD CONSTRAINT astray FOREIGN KEY (tenant_id, user_id) REFERENCES core.roles (id, tenant_id)`, "core.notes: the foreign key astray takes ids of other tenants' rows"},
		"unique":            {`CREATE UNIQUE INDEX everywhere ON core.users (email)`, "core.users: the unique index everywhere spans tenants"},
		"tenant, all":       {`CREATE POLICY extra ON core.tenants USING (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid) WITH CHECK (current_setting('app.platform', true) = 'on')`, "core.tenants: policy extra lets a tenant change its own row"},
		"tenant, changed":   {`ALTER POLICY tenant_lock ON core.tenants WITH CHECK (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)`, "core.tenants: policy tenant_lock lets a tenant change its own row"},
		"platform's, read":  {`CREATE POLICY reference_read ON core.platform_idempotency_keys FOR SELECT USING (true)`, "core.platform_idempotency_keys: policy reference_read shows rows of the platform to tenants: its USING does not ask for app.platform"},
		"platform's, or":    {`ALTER POLICY platform_only ON core.platform_idempotency_keys USING (current_setting('app.platform', true) = 'on' OR key = 'a')`, "core.platform_idempotency_keys: policy platform_only shows rows of the platform to tenants"},
		"platform's, taken": {`ALTER POLICY platform_only ON core.platform_idempotency_keys WITH CHECK (true)`, "core.platform_idempotency_keys: policy platform_only takes rows of the platform"},
		"platform's, new":   {`CREATE TABLE core.platform_notes (id uuid PRIMARY KEY)`, "core.platform_notes: row-level security is off"},
		"platform's, none":  {`CREATE TABLE core.platform_notes (id uuid PRIMARY KEY); ALTER TABLE core.platform_notes ENABLE ROW LEVEL SECURITY; ALTER TABLE core.platform_notes FORCE ROW LEVEL SECURITY`, "core.platform_notes: no policy"},
		"view":              {`CREATE VIEW core.v AS SELECT * FROM core.users; GRANT SELECT ON core.v TO core_app`, "core.v: the view shows the application rows of every tenant"},
		"view for all":      {`CREATE VIEW core.v AS SELECT * FROM core.users; GRANT SELECT ON core.v TO PUBLIC`, "core.v: the view shows the application rows of every tenant"},
		"materialized":      {`CREATE MATERIALIZED VIEW core.m AS SELECT * FROM core.users; GRANT SELECT ON core.m TO core_app`, "core.m: the application may read the materialized view"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, dbtest.New(t).OwnerURL, c.change)
			if !strings.Contains(strings.Join(got, "\n"), c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for name, change := range map[string]string{
		"narrower policy": `CREATE POLICY extra ON core.users AS RESTRICTIVE USING (status = 'active')`,
		"invoker's view":  `CREATE VIEW core.v WITH (security_invoker = true) AS SELECT * FROM core.users; GRANT SELECT ON core.v TO core_app`,
		"nobody's view":   `CREATE VIEW core.v AS SELECT * FROM core.users`,
		"new table":       notes + `ALTER TABLE core.notes ADD FOREIGN KEY (tenant_id, user_id) REFERENCES core.users (tenant_id, id); CREATE UNIQUE INDEX ON core.notes (tenant_id, title)`,
	} {
		t.Run(name+" is no hole", func(t *testing.T) {
			t.Parallel()
			if got := problems(t, dbtest.New(t).OwnerURL, change); len(got) > 0 {
				t.Errorf("got %q, want no problem", got)
			}
		})
	}
}
