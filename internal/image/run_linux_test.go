package image

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/devseed"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// nobody is the unprivileged user id that root lends, to be an ordinary user.
const nobody = 65534

// container runs programs of a root file system much as a container runtime does: it is their /, nobody can write to it,
// and they are another user without a capability.
type container struct {
	root string
	env  []string
	// wrap starts the command line: who runs it.
	wrap []string
	// uid is the user's number as the host sees it.
	uid int
	// writable leaves the file system as it is: a fault.
	writable bool
}

// enter is the shell script that closes the container's door behind itself and becomes the program.
const enter = `
root=$1 change=$2; shift 2
if [ "$change" != writable ]; then mount --bind "$root" "$root"; mount -o remount,ro,bind,nosuid,nodev "$root"; fi
exec setpriv --no-new-privs chroot %s "$root" "$@"`

func (c container) command(ctx context.Context, args ...string) *exec.Cmd {
	unshare := []string{"unshare", "--mount"}
	user := "--userspec=65532:65532"
	if c.uid != 65532 { // an ordinary user may do it in a user namespace
		unshare = append(unshare, "--user", "--map-user=65532", "--map-group=65532", "--keep-caps")
		user = ""
	}
	change := "read-only"
	if c.writable {
		change = "writable"
	}
	line := slices.Concat(c.wrap, unshare, []string{"sh", "-euc", fmt.Sprintf(enter, user), "sh", c.root, change}, args)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// run runs a program to its end and returns what it prints.
func (c container) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := c.command(t.Context(), args...).CombinedOutput()
	return string(out), err
}

// privileges is what a running program could do that it should not: a sentence each.
func (c container) privileges(t *testing.T, pid int) (problems []string) {
	t.Helper()
	proc := func(name string) string {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	status := map[string]string{}
	for line := range strings.Lines(proc("status")) {
		name, value, _ := strings.Cut(line, ":")
		status[name] = strings.Join(strings.Fields(value), " ")
	}
	id := strconv.Itoa(c.uid)
	if want := strings.Join([]string{id, id, id, id}, " "); status["Uid"] != want {
		problems = append(problems, fmt.Sprintf("it runs as users %s, want %s", status["Uid"], want))
	}
	if status["NoNewPrivs"] != "1" {
		problems = append(problems, "it may gain privileges")
	}
	readOnly := false
	for line := range strings.Lines(proc("mountinfo")) { // proc(5): the fifth word is the mount point, the sixth its options
		if words := strings.Fields(line); len(words) > 5 && words[4] == "/" {
			readOnly = slices.Contains(strings.Split(words[5], ","), "ro")
		}
	}
	if !readOnly {
		problems = append(problems, "its file system is writable")
	}
	return problems
}

// stamp is what a build says of the commit that is checked out: its date, not its own.
func stamp(t *testing.T) []string {
	t.Helper()
	seconds, err := strconv.ParseInt(git(t, root, "show", "--no-patch", "--format=%ct", "HEAD"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"commit   " + git(t, root, "rev-parse", "HEAD"), "date     " + time.Unix(seconds, 0).UTC().Format(time.RFC3339) + "\n"}
}

// TestRuns starts the image's files in a read-only root file system as another user: migrates a database, serves it, asks
// for its health and stops. Root does what a runtime does; an ordinary user does it in a user namespace.
func TestRuns(t *testing.T) {
	t.Parallel()
	root := rootfsForRunning(t)
	users := map[string]container{"ordinary user": {root: root, uid: os.Geteuid()}}
	if os.Geteuid() == 0 {
		lend := []string{"setpriv", "--reuid=" + strconv.Itoa(nobody), "--regid=" + strconv.Itoa(nobody), "--clear-groups"}
		users = map[string]container{
			"root":          {root: root, uid: 65532},
			"ordinary user": {root: root, uid: nobody, wrap: lend},
		}
	}
	for name, c := range users {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			c.env = []string{"LOCKSTEP_MIGRATE_DATABASE_URL=" + db.OwnerURL}
			out, err := c.run(t, "/server", "migrate", "up")
			if err != nil || !strings.Contains(out, "from version none to") {
				t.Fatalf("migrate: %v\n%s", err, out)
			}
			issuer, token := signIn(t, db.OwnerURL)
			c.env = []string{
				"LOCKSTEP_DATABASE_URL=" + db.AppURL, "LOCKSTEP_OIDC_ISSUERS=" + issuer, "LOCKSTEP_ADDR=127.0.0.1:0",
				"LOCKSTEP_ADMIN_ADDR=127.0.0.1:0", "LOCKSTEP_SHUTDOWN_DELAY=0s",
			}
			server := c.serve(t)
			for _, problem := range c.privileges(t, server.cmd.Process.Pid) {
				t.Error(problem)
			}
			c.env = nil
			said, err := c.run(t, "/server", "version")
			for _, line := range stamp(t) {
				if err != nil || !strings.Contains(said, line) {
					t.Errorf("version: got %q, %v; want %q in it", said, err, line)
				}
			}
			c.env = []string{"LOCKSTEP_ADDR=" + server.addr}
			if out, err := c.run(t, "/server", "healthcheck"); err != nil || !strings.Contains(out, `"status":"ready"`) {
				t.Errorf("healthcheck: %v\n%s", err, out)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.addr+"/v1/users", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if closed := response.Body.Close(); err != nil || closed != nil || response.StatusCode != http.StatusOK {
				t.Errorf("list users: %s, %v\n%s", response.Status, err, body)
			}
			http.DefaultClient.CloseIdleConnections()
			if err := server.stop(); err != nil {
				t.Errorf("stop: %v, want exit code 0\n%s", err, server.log)
			}
			if out, err := c.run(t, "/server", "healthcheck"); err == nil {
				t.Errorf("a stopped server is healthy:\n%s", out)
			}
		})
	}
	if os.Geteuid() == 0 {
		t.Run("a fault is seen", func(t *testing.T) {
			t.Parallel()
			c := container{root: root, uid: nobody, writable: true, env: []string{
				"LOCKSTEP_DATABASE_URL=postgres://core_app@127.0.0.1:1/core", "LOCKSTEP_OIDC_ISSUERS=http://127.0.0.1:1",
				"LOCKSTEP_ADDR=127.0.0.1:0", "LOCKSTEP_ADMIN_ADDR=127.0.0.1:0", "LOCKSTEP_SHUTDOWN_DELAY=0s",
			}}
			server := c.serve(t) // as root, in a user namespace
			if problems := strings.Join(c.privileges(t, server.cmd.Process.Pid), "\n"); !strings.Contains(problems, "writable") || !strings.Contains(problems, "runs as users 0 0 0 0") {
				t.Errorf("got %q, want both faults", problems)
			}
		})
	}
}

// rootfsForRunning builds the image's files where every user can reach them.
func rootfsForRunning(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "image-test-*") // not t.TempDir: its parents may be closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Rootfs(t.Context(), Options{Root: root, Platforms: []string{"linux/" + runtime.GOARCH}}, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// running is a server that accepts connections.
type running struct {
	cmd  *exec.Cmd
	addr string
	log  *log
}

// serve starts the server and waits for the line that says where it listens.
func (c container) serve(t *testing.T) running {
	t.Helper()
	cmd := c.command(context.WithoutCancel(t.Context()), "/server", "serve")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() { // Pdeathsig is that of the thread
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- cmd.Start()
		<-t.Context().Done()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s := running{cmd: cmd, log: &log{}}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	addr := make(chan string, 1)
	go func() {
		defer close(addr)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.log.add(lines.Text())
			var line struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				addr <- line.Addr
			}
		}
	}()
	if s.addr = <-addr; s.addr == "" {
		t.Fatalf("the server ended:\n%s", s.log)
	}
	return s
}

// stop ends the server as a runtime does.
func (r running) stop() error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(3 * time.Minute):
		return errors.New("still there after three minutes")
	}
}

// log is what a server printed.
type log struct {
	sync.Mutex
	lines []string
}

func (l *log) add(line string) {
	l.Lock()
	defer l.Unlock()
	l.lines = append(l.lines, line)
}

// String returns all lines.
func (l *log) String() string {
	l.Lock()
	defer l.Unlock()
	return strings.Join(l.lines, "\n")
}

// signIn serves an issuer and returns its URL, and a token of somebody in the database.
func signIn(t *testing.T, ownerURL string) (issuerURL, token string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := devseed.Apply(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	accounts, err := devseed.Accounts(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	listener, issuerURL, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devissuer.New(devissuer.Options{IssuerURL: issuerURL})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: issuer}
	go func() { _ = server.Serve(listener) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	token, err = issuer.Token(devissuer.TokenRequest{TenantID: accounts[0].TenantID, UserID: accounts[0].UserID, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return issuerURL, token
}
