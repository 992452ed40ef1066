package devstack_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/devstack"
)

// root is the checkout, seen from this package's folder.
var root = filepath.Join("..", "..")

// binDir is where the tests of this process keep the developers' binary.
var binDir string

// program builds the developers' binary, once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binDir, "lockstep")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/lockstep")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build lockstep: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "devstack-test-*")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binDir = dir
		return m.Run()
	}())
}

// dev is a running `lockstep dev`.
type dev struct {
	*exec.Cmd
	dir   string
	lines *bufio.Scanner
	said  bytes.Buffer
	// complaints is standard error, complete once the program has been waited for.
	complaints bytes.Buffer
}

// start runs `lockstep dev` with its data in dir and any free ports, in a process group of its own like a terminal's.
func start(t *testing.T, dir string, env ...string) *dev {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, dir, env, path)
}

// startWith is start through another command, such as go run.
func startWith(t *testing.T, dir string, env []string, command ...string) *dev {
	t.Helper()
	d := &dev{Cmd: exec.Command(command[0], append(command[1:], "dev", "--dir", dir)...), dir: dir}
	d.Dir = root
	d.Env = append(os.Environ(), "LOCKSTEP_ADDR=127.0.0.1:0", "LOCKSTEP_ADMIN_ADDR=127.0.0.1:0", "LOCKSTEP_DEV_ISSUER_ADDR=127.0.0.1:0")
	d.Env = append(d.Env, env...)
	d.Stderr = io.MultiWriter(t.Output(), &d.complaints)
	d.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := d.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	// The group: a runner's end is not its program's. A stack that hangs is ended too, so that reading from it ends.
	end := func() { _ = syscall.Kill(-d.Process.Pid, syscall.SIGKILL) }
	bound := time.AfterFunc(10*time.Minute, end)
	t.Cleanup(func() {
		bound.Stop()
		end()
		if d.ProcessState == nil {
			_ = d.Wait()
		}
	})
	d.lines = bufio.NewScanner(stdout)
	return d
}

// until reads what the program prints up to a line that starts with the prefix.
func (d *dev) until(t *testing.T, prefix string) {
	t.Helper()
	for d.lines.Scan() {
		fmt.Fprintln(&d.said, d.lines.Text())
		if strings.HasPrefix(d.lines.Text(), prefix) {
			return
		}
	}
	t.Fatalf("lockstep dev ended before it printed %q:\n%s", prefix, d.said.String())
}

// ready waits until everything runs and returns dev.json.
func (d *dev) ready(t *testing.T) devstack.File {
	t.Helper()
	d.until(t, "Next:")
	content, err := os.ReadFile(filepath.Join(d.dir, "dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f devstack.File
	if err := json.Unmarshal(content, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// kill ends the program the hard way and waits until nothing that it started is left.
func (d *dev) kill(t *testing.T) {
	t.Helper()
	if err := d.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = d.Wait()
	d.orphans(t)
}

// interrupt sends Ctrl-C to the whole group, as a terminal does, and expects an orderly end.
func (d *dev) interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-d.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rest, err := readAll(d.lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(); err != nil {
		t.Errorf("lockstep dev after Ctrl-C: %v\n%s", err, rest)
	}
	if !strings.Contains(rest, "Stopped") {
		t.Errorf("lockstep dev did not say that it has stopped:\n%s", rest)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "dev.json")); err == nil {
		t.Error("dev.json is still there")
	}
	d.orphans(t)
}

func readAll(lines *bufio.Scanner) (string, error) {
	var b strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&b, lines.Text())
	}
	return b.String(), lines.Err()
}

// processes lists the processes that work in the stack's folder: id and command line.
func (d *dev) processes(t *testing.T) map[int]string {
	t.Helper()
	out, err := exec.Command("ps", "-ww", "-eo", "stat=,pid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for line := range strings.Lines(string(out)) {
		var state string
		var pid int
		if _, err := fmt.Sscan(line, &state, &pid); err != nil {
			t.Fatalf("ps says %q: %v", line, err)
		}
		if strings.Contains(line, d.dir) && !strings.HasPrefix(state, "Z") {
			found[pid] = strings.TrimSpace(line)
		}
	}
	return found
}

// orphans waits until no process works in the stack's folder any more.
func (d *dev) orphans(t *testing.T) {
	t.Helper()
	poll(t, "all processes to end", func() bool { return len(d.processes(t)) == 0 })
}

// poll waits until done says so.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// freeAddress is an address that stays the same over restarts.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := devdb.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// call sends a request and returns status and body.
func call(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}
