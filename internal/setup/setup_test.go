package setup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
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
