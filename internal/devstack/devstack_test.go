package devstack_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devstack"
)

func TestDev(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	issuer := "LOCKSTEP_DEV_ISSUER_ADDR=" + freeAddress(t)
	d := start(t, dir, issuer)
	f := d.ready(t)

	t.Run("tokens", func(t *testing.T) { checkTokens(t, f) })
	t.Run("curl line", func(t *testing.T) { checkCurl(t, d.said.String()) })
	t.Run("second run in the same folder", func(t *testing.T) { checkSecond(t, d) })

	administrator := f.Tokens[0]
	path := "/v1/users/" + administrator.UserID
	if status, body := call(t, "PATCH", f.API+path, administrator.Token, `{"displayName": "Edited"}`); status != 200 {
		t.Fatalf("edit a user: got %d: %s", status, body)
	}
	d.interrupt(t)

	again := start(t, dir, issuer)
	g := again.ready(t)
	status, body := call(t, "GET", g.API+path, administrator.Token, "")
	if status != 200 || !strings.Contains(body, `"Edited"`) {
		t.Errorf("the token of the first run, for what it edited: got %d: %s", status, body)
	}
	again.interrupt(t)
}

// checkTokens tries every token of dev.json.
func checkTokens(t *testing.T, f devstack.File) {
	got := make([]string, 0, len(f.Tokens))
	for _, token := range f.Tokens {
		got = append(got, token.Tenant+" "+token.Role)
		status, body := call(t, "GET", f.API+"/v1/users/"+token.UserID, token.Token, "")
		if status != 200 {
			t.Errorf("%s of %s reads its own record: got %d: %s", token.Role, token.Tenant, status, body)
		}
	}
	want := []string{"acme administrator", "acme member", "globex administrator", "globex member"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if status, body := call(t, "GET", f.API+"/v1/tenants", f.PlatformToken, ""); status != 200 || strings.Count(body, `"slug"`) != 2 {
		t.Errorf("the platform lists tenants: got %d: %s", status, body)
	}
	for name, url := range map[string]string{"docs": f.Docs, "issuer": f.Issuer + "/.well-known/openid-configuration"} {
		if status, body := call(t, "GET", url, "", ""); status != 200 {
			t.Errorf("%s: got %d: %s", name, status, body)
		}
	}
	conn, err := pgx.Connect(t.Context(), f.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var users int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM core.users").Scan(&users); err != nil || users != 50 {
		t.Errorf("in the database: got %d users (%v), want 50", users, err)
	}
}

// checkCurl pastes the printed command line into a shell.
func checkCurl(t *testing.T, said string) {
	var line string
	for l := range strings.Lines(said) {
		if strings.HasPrefix(strings.TrimSpace(l), "curl ") {
			line = strings.TrimSpace(l)
		}
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	var user map[string]any
	if err := json.Unmarshal(out, &user); err != nil {
		t.Fatalf("got %s: %v", out, err)
	}
	for _, key := range []string{"id", "email", "displayName", "status", "createdAt", "tenantId"} {
		if user[key] == nil {
			t.Errorf("the answer lacks %s: %s", key, out)
		}
	}
	for _, key := range []string{"roles", "managedUsers"} {
		if list, ok := user[key].([]any); !ok || len(list) == 0 {
			t.Errorf("the answer has no %s: %s", key, out)
		}
	}
}

// checkSecond starts a second one beside it, which must say so and leave the first one's file alone.
func checkSecond(t *testing.T, d *dev) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "dev", "--dir", d.dir)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is in use by process") {
		t.Errorf("got %v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "dev.json")); err != nil {
		t.Errorf("the first one's dev.json: %v", err)
	}
}

// Killed again and again in one folder, each time a step further.
func TestDevKilledAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, step := range []string{"initdb", "Postgres", "Migrations", "Seed", "Build", "Server", "Next:"} {
		d := start(t, dir)
		if step == "initdb" {
			// Or just done, if a busy machine let the moment pass unseen.
			poll(t, "initdb to be at work", func() bool {
				working, _ := filepath.Glob(filepath.Join(dir, "postgres", "init-*", "data", "base", "1"))
				done, _ := filepath.Glob(filepath.Join(dir, "postgres", "data"))
				return len(working)+len(done) > 0
			})
		} else {
			d.until(t, step)
		}
		d.kill(t)
	}
	d := start(t, dir)
	checkTokens(t, d.ready(t))
	d.interrupt(t)
}

// A part that ends by itself takes the rest with it, and the error names it.
func TestDevEndsWithItsParts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := start(t, dir)
	d.ready(t)
	for pid, line := range d.processes(t) {
		if strings.Contains(line, filepath.Join(dir, "bin", "server")) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := d.Wait(); err == nil {
		t.Error("got no error from lockstep dev")
	}
	if got, want := d.complaints.String(), "the server has ended by itself: signal: killed"; !strings.Contains(got, want) {
		t.Errorf("got %q, want it to say %q", got, want)
	}
	d.orphans(t)
}

// A killed `go run` or make does not tell the program it runs: nobody could stop the stack any more.
func TestDevEndsWithItsRunner(t *testing.T) {
	t.Parallel()
	d := startWith(t, t.TempDir(), nil, "go", "run", "./cmd/lockstep")
	d.ready(t)
	if err := d.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, err := readAll(d.lines)
	if err != nil || !strings.Contains(rest, "Stopped") {
		t.Errorf("lockstep dev did not stop in order (%v):\n%s", err, rest)
	}
	_ = d.Wait()
	d.orphans(t)
}
