package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckProvesACheckpoint takes a branch that brings a checkpoint through `lockstep check`: it is proven anew from the base's
// files, and what somebody put into it is found though schema, reverse and checksums agree.
func TestCheckProvesACheckpoint(t *testing.T) {
	t.Parallel()
	root, git := newClone(t)
	program := filepath.Join(t.TempDir(), "lockstep")
	command(t, root, "go", "build", "-o", program, "./cmd/lockstep")
	check := func() (code int, said string) {
		t.Helper()
		git("add", "-A")
		git("commit", "-q", "--allow-empty", "-m", "checkpoint")
		cmd := exec.CommandContext(t.Context(), program, "check", "--base", "main", "--skip-release")
		cmd.Dir = root
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		var exit *exec.ExitError
		if err := cmd.Run(); errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return code, out.String()
	}
	git("checkout", "-q", "-b", "checkpoint")
	command(t, root, program, "migrate", "checkpoint", "--release", "v1.0.0")
	files, err := filepath.Glob(filepath.Join(root, "migrations", "*_checkpoint.sql"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got %v, %v; want one checkpoint", files, err)
	}
	if code, said := check(); code != 0 || !strings.Contains(said, "prove the checkpoint") || !strings.Contains(said, "may be merged into main: 1 new migrations") {
		t.Errorf("got exit code %d, want the checkpoint proven:\n%s", code, said)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range []struct{ plant, says string }{
		{"INSERT INTO core.tenants (id, created_at, updated_at, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', '2026-01-01Z', '2026-01-01Z', 'planted', 'Planted');\n", "there are rows in core.tenants, where the migrations leave none"},
		{"-- lockstep:renamed users.given_name=family_name\n", "which renames the files it stands for made"},
	} {
		planted := string(text) + fault.plant
		if strings.HasPrefix(fault.plant, "--") {
			planted = fault.plant + string(text)
		}
		if err := os.WriteFile(files[0], []byte(planted), 0o600); err != nil {
			t.Fatal(err)
		}
		command(t, root, program, "migrate", "hash")
		if code, said := check(); code != 1 || !strings.Contains(said, "problem: migrations/"+filepath.Base(files[0])+": ") || !strings.Contains(said, fault.says) {
			t.Errorf("%s: got exit code %d, want %q:\n%s", fault.plant, code, fault.says, said)
		}
	}
}
