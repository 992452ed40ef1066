package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// TestLoop adds a fifth entity to a copy of the repository, by the steps of the README's guide, and uses it over HTTP and
// in TypeScript. Nothing is written by hand but the schema files.
func TestLoop(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)

	lockstep(t, root, "new", "entity", "Project")
	lockstep(t, root, "new", "entity", "ProjectMember")
	for _, name := range []string{"project", "projectmember", "task", "note", "exhibit", "currency", "price", "measure", "seal"} {
		copyFile(t, filepath.Join("testdata", "loop", name+".go.txt"), filepath.Join(root, "ent", "schema", name+".go"))
	}
	for _, name := range []string{"initialism", "node", "kindnull", "duenull", "listparameter"} { // make corpus has the rest
		copyFile(t, filepath.Join("testdata", "corpus", "accepted", name+".go.txt"), filepath.Join(root, "ent", "schema", name+".go"))
	}
	addMatrix(t, root)
	declareArticles(t, root)
	lockstep(t, root, "generate")
	if text := lockstep(t, root, "generate"); !strings.Contains(text, " 0 files changed") {
		t.Errorf("a second generation changes files:\n%s", text)
	}
	addRules(t, root)
	lockstep(t, root, "migration", "--name", "add_projects")
	lockstep(t, root, "migrate", "verify")

	served := serve(t, root)
	t.Run("over HTTP", func(t *testing.T) { useProjects(t, served) })
	t.Run("deletes", func(t *testing.T) { deleteProjects(t, served) })
	t.Run("in the tests of every operation", func(t *testing.T) {
		wanted := []string{"EveryOperationStaysInItsTenant", "HolesAreSeen", "EveryOperationAsksForItsOwnPermission", "SamplesAreAccepted"}
		said := command(t, root, "go", "test", "./internal/api", "-v", "-run", "^Test("+strings.Join(wanted, "|")+")$")
		for _, passed := range []string{
			"TestEveryOperationStaysInItsTenant/both_fences/projects.update",
			"TestEveryOperationStaysInItsTenant/without_row-level_security/projectMembers.create",
			"TestEveryOperationStaysInItsTenant/without_the_application's_own/projects.list",
			"TestEveryOperationStaysInItsTenant/both_fences/prices.create",
			"TestEveryOperationAsksForItsOwnPermission/projects.delete_with_all_others",
			"TestEveryOperationAsksForItsOwnPermission/currencies.get_with_it_alone",
			"TestSamplesAreAccepted",
			"TestHolesAreSeen",
		} {
			if !strings.Contains(said, "--- PASS: "+passed+" ") {
				t.Errorf("nobody has tested %s", passed)
			}
		}
	})
	t.Run("every type", func(t *testing.T) { useExhibits(t, served) })
	t.Run("limits", func(t *testing.T) { limitExhibits(t, served) })
	t.Run("rows that only SQL could write", func(t *testing.T) { readExhibits(t, served) })
	t.Run("merge patches", func(t *testing.T) { mergeExhibits(t, served) })
	t.Run("merge patches at once", func(t *testing.T) { mergeAtOnce(t, served) })
	t.Run("what is answered is what is stored", func(t *testing.T) { storeMeasures(t, served) })
	t.Run("of any value", func(t *testing.T) { storeAnything(t, served) })
	t.Run("what is not stored has its place", func(t *testing.T) { refuseMeasures(t, served) })
	t.Run("rows of no tenant", func(t *testing.T) { useCurrencies(t, served) })
	t.Run("declared SQL", func(t *testing.T) { useArticles(t, served) })
	t.Run("rules of the team's own", func(t *testing.T) { keepArticles(t, served) })
	t.Run("declared SQL through the SDK", func(t *testing.T) { searchArticles(t, root, served) })
	t.Run("every type through the SDK", func(t *testing.T) { runMatrix(t, root, served) })
	t.Run("in TypeScript", func(t *testing.T) {
		sdk := filepath.Join(root, "clients", "ts")
		copyFile(t, filepath.Join("testdata", "loop", "usage.ts.txt"), filepath.Join(sdk, "test", "usage.ts"))
		command(t, sdk, "node", filepath.Join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.test.json", "--noEmit")
	})
}

// served is the copy's own server, on a database that it has migrated.
type served struct {
	api          string
	owner, app   string // the database's URLs, as its owner and as the application
	ours, theirs *client
	platform     *client
	acme, globex seeded
	issuer       *devissuer.Issuer
}

func serve(t *testing.T, root string) *served {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "server")
	command(t, root, "go", "build", "-o", binary, "./cmd/server")
	database := dbtest.Empty(t)
	migrateUp := exec.CommandContext(t.Context(), binary, "migrate", "up")
	migrateUp.Env = append(os.Environ(), "LOCKSTEP_MIGRATE_DATABASE_URL="+database.OwnerURL)
	if out, err := migrateUp.CombinedOutput(); err != nil {
		t.Fatalf("migrate up: %v\n%s", err, out)
	}
	acme, globex := seedTenant(t, database.OwnerURL, "acme"), seedTenant(t, database.OwnerURL, "globex")
	issuer := startIssuer(t)
	api := startServer(t, binary, database.AppURL, issuer.URL())

	caller := func(request devissuer.TokenRequest) *client {
		token, err := issuer.Token(request)
		if err != nil {
			t.Fatal(err)
		}
		return &client{t: t, api: api, token: token}
	}
	return &served{
		api: api, owner: database.OwnerURL, app: database.AppURL, acme: acme, globex: globex, issuer: issuer,
		ours:     caller(devissuer.TokenRequest{TenantID: acme.tenant, UserID: acme.user}),
		theirs:   caller(devissuer.TokenRequest{TenantID: globex.tenant, UserID: globex.user}),
		platform: caller(devissuer.TokenRequest{ClientID: "operator", Scopes: []string{"platform"}}),
	}
}

// useProjects drives the new operations.
func useProjects(t *testing.T, s *served) {
	ours, theirs, acme := s.ours.in(t), s.theirs.in(t), s.acme
	body := fmt.Sprintf(`{"name": "Apollo", "budget": "12500.50", "dueDate": "2026-12-31", "ownerId": %q}`, acme.user)
	project := ours.do("POST", "/v1/projects", body, http.StatusCreated)
	path := "/v1/projects/" + project["id"].(string)
	ours.do("POST", "/v1/project-members", fmt.Sprintf(`{"projectId": %q, "userId": %q}`, project["id"], acme.user), http.StatusCreated)

	got := ours.do("GET", path, "", http.StatusOK)
	for name, want := range map[string]any{
		"name": "Apollo", "budget": "12500.50", "dueDate": "2026-12-31", "status": "planned",
		"ownerId": acme.user.String(), "tenantId": acme.tenant.String(),
	} {
		if got[name] != want {
			t.Errorf("member %s: got %v, want %v", name, got[name], want)
		}
	}
	if members, _ := got["members"].([]any); len(members) != 1 || members[0].(map[string]any)["id"] != acme.user.String() {
		t.Errorf("got members %v, want the one added", got["members"])
	}
	if list := ours.do("GET", "/v1/projects", "", http.StatusOK); len(list["data"].([]any)) != 1 {
		t.Errorf("got %v, want the one project", list)
	}
	if changed := ours.do("PATCH", path, `{"dueDate": null, "status": "running"}`, http.StatusOK); changed["dueDate"] != nil || changed["status"] != "running" {
		t.Errorf("got %v after the patch, want no due date and running", changed)
	}
	ours.do("POST", "/v1/projects", strings.Replace(body, "12500.50", "much", 1), http.StatusUnprocessableEntity)
	ours.do("DELETE", path, "", http.StatusConflict)
	theirs.do("GET", path, "", http.StatusNotFound)
	if list := theirs.do("GET", "/v1/projects", "", http.StatusOK); len(list["data"].([]any)) != 0 {
		t.Errorf("got %v in the other tenant, want nothing", list)
	}
}

// copyRepository copies what git would commit, and lends the copy the installed npm packages.
func copyRepository(t *testing.T) string {
	t.Helper()
	source, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	listing, err := exec.CommandContext(t.Context(), "git", "-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("list the repository's files: %v", err)
	}
	target := t.TempDir()
	for name := range strings.SplitSeq(strings.Trim(string(listing), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(source, name)); err == nil { // git also lists files that are deleted and not committed
			copyFile(t, filepath.Join(source, name), filepath.Join(target, name))
		}
	}
	if modules := filepath.Join(source, "node_modules"); exists(modules) {
		if err := os.Symlink(modules, filepath.Join(target, "node_modules")); err != nil {
			t.Fatal(err)
		}
	}
	return target
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func lockstep(t *testing.T, root string, args ...string) string {
	t.Helper()
	return command(t, root, "go", append([]string{"run", "./cmd/lockstep"}, args...)...)
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// seeded is a tenant with one user who may do everything.
type seeded struct{ tenant, user uuid.UUID }

func seedTenant(t *testing.T, ownerURL, slug string) seeded {
	t.Helper()
	owner, err := pgx.Connect(t.Context(), ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.Background()) }()
	out := seeded{uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())}
	role := uuid.Must(uuid.NewV7())
	permissions := []string{"users:read", "currencies:read"}
	for _, entity := range []string{"projects", "project_members", "tasks", "notes", "exhibits", "prices", "articles", "measures"} {
		for _, verb := range []string{"read", "create", "update", "delete"} {
			permissions = append(permissions, entity+":"+verb)
		}
	}
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES ($1, $2, $2, now(), now())`, []any{out.tenant, slug}},
		{`INSERT INTO core.users (tenant_id, id, email, display_name, created_at, updated_at) VALUES ($1, $2, 'a@example.com', 'Ada', now(), now())`, []any{out.tenant, out.user}},
		{`INSERT INTO core.roles (tenant_id, id, name, permissions, created_at, updated_at) VALUES ($1, $2, 'All', $3, now(), now())`, []any{out.tenant, role, permissions}},
		{`INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), now(), now())`, []any{out.tenant, uuid.Must(uuid.NewV7()), out.user, role}},
	} {
		if _, err := owner.Exec(t.Context(), step.sql, step.args...); err != nil {
			t.Fatalf("%s: %v", step.sql, err)
		}
	}
	return out
}

func startIssuer(t *testing.T) *devissuer.Issuer {
	t.Helper()
	listener, url, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devissuer.New(devissuer.Options{IssuerURL: url})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: issuer}}
	server.Start()
	t.Cleanup(server.Close)
	return issuer
}

type client struct {
	t               *testing.T
	api, token, key string
}

// in is the client for a subtest.
func (c *client) in(t *testing.T) *client { return &client{t: t, api: c.api, token: c.token} }

// withKey sends an Idempotency-Key with each request.
func (c *client) withKey(key string) *client {
	return &client{t: c.t, api: c.api, token: c.token, key: key}
}

// do sends one request and returns the object it is answered with; nil when that is empty.
func (c *client) do(method, path, body string, status int) map[string]any {
	c.t.Helper()
	object, _ := c.exchange(method, path, body, status)
	return object
}

func (c *client) exchange(method, path, body string, status int) (map[string]any, http.Header) {
	c.t.Helper()
	object, header, got := c.send(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s %s: got %d, want %d\n%v", method, path, body, got, status, object)
	}
	return object, header
}

// send is exchange with any status. It may run in a goroutine: what fails ends no test, and is no status either.
func (c *client) send(method, path, body string) (object map[string]any, header http.Header, status int) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.api+path, strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return nil, nil, 0
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Error(err)
		return nil, nil, 0
	}
	defer func() { _ = response.Body.Close() }()
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil && response.StatusCode != http.StatusNoContent {
		c.t.Errorf("%s %s: answer is no object: %v", method, path, err)
	}
	return object, response.Header, response.StatusCode
}

// startServer runs the binary on free ports and returns the API's URL once it listens.
func startServer(t *testing.T, binary, databaseURL, issuer string) string {
	t.Helper()
	cmd := exec.Command(binary, "serve")
	cmd.Env = append(os.Environ(), "LOCKSTEP_DATABASE_URL="+databaseURL, "LOCKSTEP_OIDC_ISSUERS="+issuer,
		"LOCKSTEP_RATE_LIMIT_PRINCIPAL=100000/10s", "LOCKSTEP_RATE_LIMIT_TENANT=100000/10s",
		"LOCKSTEP_ADDR=127.0.0.1:0", "LOCKSTEP_ADMIN_ADDR=127.0.0.1:0", "LOCKSTEP_SHUTDOWN_DELAY=0s")
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	server, err := subprocess.Start(cmd, subprocess.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Stop(10*time.Second, syscall.SIGTERM) })
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			go func() { _, _ = io.Copy(io.Discard, logs) }()
			return "http://" + line.Addr
		}
		t.Log(lines.Text())
	}
	t.Fatal("the server ended before it listened")
	return ""
}
