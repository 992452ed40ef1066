//go:build update

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// previousVariable names the commit of the release that servers are updated from. To build it takes too long for every run.
const previousVariable = "LOCKSTEP_TEST_PREVIOUS"

// buildPrevious builds the server of a commit, from what git holds and not in this checkout.
func buildPrevious(t *testing.T, commit string) string {
	t.Helper()
	dir := t.TempDir()
	run := func(program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	run("git", "-C", root, "archive", "--output", filepath.Join(dir, "release.tar"), commit)
	run("tar", "-xf", "release.tar")
	run("go", "build", "-o", "previous", "./cmd/server")
	return filepath.Join(dir, "previous")
}

// TestUpdateWritesNothingTwice has servers of two releases side by side on one database, as during an update. A request that one has
// answered is repeated to the other, as a client does whose connection broke, and sent to both at once: it happens once.
func TestUpdateWritesNothingTwice(t *testing.T) {
	t.Parallel()
	commit := os.Getenv(previousVariable)
	if commit == "" {
		t.Fatalf("%s is not set: run make test-update", previousVariable)
	}
	w := newWorld(t, dbtest.New(t))
	before, now := w.startBinary(t, buildPrevious(t, commit), nil), w.start(t, nil)
	before.ready(t)
	now.ready(t)
	token := func(r devissuer.TokenRequest) string {
		t.Helper()
		text, err := w.issuer.Token(r)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	callers := map[string]string{
		"user": w.acme.token,
		"service": token(devissuer.TokenRequest{
			TenantID: w.acme.tenant, ClientID: "importer", Scopes: []string{"roles:create"},
		}),
		"platform": token(devissuer.TokenRequest{ClientID: "operator", Scopes: []string{"platform"}}),
	}
	made := 0
	// send posts what makes a row, under a key; the same name is the same request.
	send := func(s *server, caller, name string) answer {
		path, body := "/v1/roles", fmt.Sprintf(`{"name": %q, "permissions": []}`, name)
		if caller == "platform" {
			path = "/v1/tenants"
			body = fmt.Sprintf(`{"name": %q, "slug": %[1]q, "administrator": {"email": "a@example.com", "displayName": "A"}}`, name)
		}
		return s.do(t.Context(), "POST", path, callers[caller], body, "Idempotency-Key", name)
	}
	same := func(what string, a, b answer) {
		t.Helper()
		if a.status != 201 || b.status != 201 || a.header.Get("Location") != b.header.Get("Location") {
			t.Errorf("%s: got %s at %s, and %s at %s", what, a, a.header.Get("Location"), b, b.header.Get("Location"))
		}
		made++
	}
	for caller := range callers {
		for order, pair := range map[string][2]*server{"before, now": {before, now}, "now, before": {now, before}} {
			name := fmt.Sprintf("%s-%d", caller, made)
			first := send(pair[0], caller, name)
			same(caller+" "+order, first, send(pair[1], caller, name))
		}
		for range 20 {
			name := fmt.Sprintf("%s-%d", caller, made)
			other := make(chan answer, 1)
			go func() { other <- send(before, caller, name) }()
			same(caller+" at once", send(now, caller, name), <-other)
		}
	}
	var rows int
	if err := w.owner.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM core.roles WHERE name ~ '^(user|service)-') + (SELECT count(*) FROM core.tenants WHERE slug ~ '^platform-')`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows != made {
		t.Errorf("got %d rows from %d requests", rows, made)
	}

	// Services without a subject shared their keys: what is stored so is nobody's, and is not shown.
	nameless := func(client string) string {
		return token(devissuer.TokenRequest{TenantID: w.acme.tenant, ClientID: client, Scopes: []string{"roles:create"}, Claims: map[string]any{"sub": nil}})
	}
	callers["a"], callers["b"] = nameless("a"), nameless("b")
	if got := send(before, "a", "secret"); got.status != 201 {
		t.Fatalf("got %s", got)
	}
	if got := send(now, "b", "secret"); got.status != 409 {
		t.Errorf("another service without a subject: got %s, want no answer of the first", got)
	}

	// A tenant that this release deletes is refused by servers of the one before, too.
	deleted := send(now, "platform", "platform-deleted").header.Get("Location")
	w.exec(t, `UPDATE core.tenants SET deleting_since = now(), status = 'suspended' WHERE id = $1`, strings.TrimPrefix(deleted, "/v1/tenants/"))
	ghost := token(devissuer.TokenRequest{TenantID: idOf(t, deleted), ClientID: "importer", Scopes: []string{"roles:create"}})
	for _, s := range []*server{before, now} {
		if got := s.do(t.Context(), "GET", "/v1/roles", ghost, ""); got.code() != "tenant_suspended" {
			t.Errorf("a tenant that is being deleted: got %s, want tenant_suspended", got)
		}
	}
}

func idOf(t *testing.T, location string) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(strings.TrimPrefix(location, "/v1/tenants/"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}
