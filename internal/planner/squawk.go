package planner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// squawk runs the linter of that name over the files and returns its findings by file.
func squawk(ctx context.Context, program string, files []*migrate.Migration) (map[string][]Finding, error) {
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("squawk is not installed (%s): run `make setup`, which installs the npm packages", filepath.Base(program))
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, fmt.Errorf("find squawk: %w", err)
	}
	dir, err := os.MkdirTemp("", "lockstep-lint-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for squawk: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := map[string][]Finding{}
	for _, noTx := range []bool{false, true} {
		args := []string{"--pg-version", "15", "--reporter", "json", "--assume-in-transaction"}
		if noTx {
			args = args[:4]
		}
		n := len(args)
		for _, m := range files {
			if m.Up.NoTx != noTx {
				continue
			}
			name := filepath.Join(dir, m.Up.Name)
			// Its own way past a finding gives no reason.
			text := strings.ReplaceAll(m.Up.SQL, "squawk-ignore", "squawk-heeds")
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				return nil, fmt.Errorf("write for squawk: %w", err)
			}
			args = append(args, name)
		}
		if len(args) == n {
			continue
		}
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
			return nil, fmt.Errorf("run squawk: %w\n%s", err, stderr.String())
		}
		var found []struct {
			File     string
			Line     int
			Message  string
			Help     string
			RuleName string `json:"rule_name"`
		}
		if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
			return nil, fmt.Errorf("read squawk's findings: %w\n%s%s", err, stdout.String(), stderr.String())
		}
		for _, f := range found {
			if slices.Contains(taste, f.RuleName) {
				continue
			}
			name := filepath.Base(f.File)
			out[name] = append(out[name], Finding{Rule: f.RuleName, Line: f.Line + 1, Message: f.Message, Recipe: f.Help})
		}
	}
	return out, nil
}
