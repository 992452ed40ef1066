package main

import (
	"bufio"
	"bytes"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// scratch runs `lockstep scratch` in this process.
func scratch(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaints bytes.Buffer
	code = run(t.Context(), append([]string{"scratch", "--"}, args...), &out, &complaints)
	return code, out.String(), complaints.String()
}

func TestScratchLendsAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := scratch(t, "sh", "-c", `test "$LOCKSTEP_SCRATCH_URL" = "$DATABASE_URL" && echo "$DATABASE_URL"`)
	if code != 0 {
		t.Fatalf("got exit code %d: %s", code, stderr)
	}
	u, err := url.Parse(strings.TrimSpace(stdout))
	if err != nil || u.Scheme != "postgres" || u.User.Username() != "core_owner" || u.Query().Get("sslmode") != "disable" {
		t.Errorf("got the URL %q (%v), want one of core_owner without TLS", stdout, err)
	}
	if conn, err := pgx.Connect(t.Context(), u.String()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database is still there after the command")
	}
}

func TestScratchPassesTheExitCodeOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"the command's":      {[]string{"sh", "-c", "echo wrong >&2; exit 7"}, 7, "wrong\n"},
		"ended by a signal":  {[]string{"sh", "-c", "kill -KILL $$"}, 128 + 9, ""},
		"no such command":    {[]string{"no-such-command"}, 127, "lockstep: scratch: exec: \"no-such-command\": executable file not found in $PATH\n"},
		"flags are not ours": {[]string{"sh", "-c", `test "$1" = --help`, "sh", "--help"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := scratch(t, test.args...)
			if code != test.code || stderr != test.stderr {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stderr, test.code, test.stderr)
			}
		})
	}
}

// Whoever needs a major version says so; one that cannot be had is named.
func TestScratchOfAMajorVersion(t *testing.T) {
	t.Parallel()
	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{"scratch", "--postgres", "9", "--", "true"}, &out, &complaints)
	if code == 0 || !strings.Contains(complaints.String(), "no binaries of that version are published") {
		t.Errorf("got exit code %d and %q, want version 9 asked for", code, complaints.String())
	}
}

// As a process of its own: signals and standard input belong to a process.
func TestScratchPassesSignalsAndInputOn(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "lockstep")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "scratch", "sh", "-c", `read word; trap "exit 5" TERM; echo "$word"; while :; do sleep 0.05; done`)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	cmd.Stdin = strings.NewReader("hello\n")
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "hello\n" {
		t.Errorf("got %q (%v), want what went in", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 5 {
		t.Errorf("got %v, want the command's own exit status 5", err)
	}
}
