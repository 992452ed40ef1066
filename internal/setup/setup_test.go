package setup

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/git"
)

func TestServicesAreForbiddenForATime(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "policy-rc.d")
	allow, err := forbidServices(policy)
	if err != nil {
		t.Fatal(err)
	}
	var refused *exec.ExitError
	if err := exec.CommandContext(t.Context(), policy, "pgbouncer", "start").Run(); err == nil {
		t.Error("the policy lets a service start")
	} else if !errors.As(err, &refused) || refused.ExitCode() != 101 {
		t.Errorf("got %v, want exit code 101: action forbidden by policy", err)
	}
	again, err := forbidServices(policy)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if _, err := os.Stat(policy); err != nil {
		t.Errorf("a policy of somebody else was removed: %v", err)
	}
	allow()
	if _, err := os.Stat(policy); !os.IsNotExist(err) {
		t.Errorf("got %v, want the policy gone", err)
	}
}

// A clone is told once, and a folder that is none is left alone. What git refuses does not keep the rest from being installed.
func TestCloneIsToldHowToMerge(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	set := func() string {
		var log bytes.Buffer
		merges(t.Context(), root, &log)
		return log.String()
	}
	if said := set(); said != "" {
		t.Errorf("outside a checkout: got %q, want nothing", said)
	}
	if _, err := git.Run(t.Context(), root, "init", "-q"); err != nil {
		t.Fatal(err)
	}
	if said := set(); !strings.Contains(said, "merges in this clone leave generated files to make generate") {
		t.Errorf("got %q, want it to say what it sets", said)
	}
	if driver, err := git.Run(t.Context(), root, "config", "--local", "merge.lockstep-generated.driver"); err != nil || driver != "true\n" {
		t.Errorf("got %q, %v; want the driver set", driver, err)
	}
	if said := set(); said != "" {
		t.Errorf("the second time: got %q, want nothing", said)
	}
	if err := os.WriteFile(filepath.Join(root, ".git", "config"), []byte("[merge\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := set(); !strings.Contains(said, "will show conflicts in generated files") {
		t.Errorf("with a configuration that git cannot read: got %q, want a warning", said)
	}
}
