package deploy

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// server builds the server of this checkout.
func server(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/server")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v\n%s", err, out)
	}
	return path
}

// TestServerTakesTheSettings asks the server itself what it would do with each workload's environment.
func TestServerTakesTheSettings(t *testing.T) {
	t.Parallel()
	binary := server(t)
	url := filepath.Join(t.TempDir(), "url") // stands for what the Secret's volume mounts
	if err := os.WriteFile(url, []byte("postgres://core_app:secret@postgres/core"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func(env map[string]string) string {
		cmd := exec.Command(binary, "config", "--json")
		for _, name := range slices.Sorted(maps.Keys(env)) {
			cmd.Env = append(cmd.Env, name+"="+strings.ReplaceAll(env[name], "/run/secrets/database/url", url))
		}
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			return stderr.String()
		}
		var effective struct{ Unknown []string }
		if err := json.Unmarshal([]byte(stdout.String()), &effective); err != nil {
			return err.Error()
		}
		return strings.Join(effective.Unknown, "\n")
	}
	for _, overlay := range overlays {
		b := newBundle(render(t, source(t, nil), overlay))
		for _, w := range b.workloads {
			env := b.environment(w)
			if w.kind == "Job" { // so that `server config` has what only servers need
				env["LOCKSTEP_DATABASE_URL"], env["LOCKSTEP_OIDC_ISSUERS"] = "postgres://core_app@postgres/core", "https://issuer.example.com"
			}
			if said := refused(env); said != "" {
				t.Errorf("%s: %s: %s", overlay, w.kind, said)
			}
			if w.kind == "Job" {
				continue
			}
			for says, fault := range map[string]func(){
				"LOCKSTEP_SHUTDOWN_DELAYS is no setting": func() { env["LOCKSTEP_SHUTDOWN_DELAYS"] = "10s" },
				"give a duration":                        func() { env["LOCKSTEP_SHUTDOWN_DELAY"] = "10" },
				"LOCKSTEP_OIDC_ISSUERS":                  func() { env["LOCKSTEP_OIDC_ISSUERS"] = "http://issuer.example.com" },
				"LOCKSTEP_DATABASE_URL is required":      func() { delete(env, "LOCKSTEP_DATABASE_URL_FILE") },
			} {
				good := maps.Clone(env)
				fault()
				if said := refused(env); !strings.Contains(said, says) {
					t.Errorf("%s: got %q, want %q in it", overlay, said, says)
				}
				env = good
			}
		}
	}
}
