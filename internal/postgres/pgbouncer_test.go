package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	osexec "os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/child"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/setup"
)

// pooledVariable makes every driver of this package's tests go through a PgBouncer in transaction mode.
const pooledVariable = "LOCKSTEP_TEST_PGBOUNCER"

// unpooled are the tests that say nothing about a pooled connection, each with its reason.
var unpooled = map[string]string{
	"TestBehindPgBouncer": "is what runs the others",
	"TestTypes/(native|native_describe|native_exec|ent_database_sql)": "chooses modes that prepare statements; native_pgbouncer is run",
}

// TestBehindPgBouncer runs this package's tests once more, behind Debian's PgBouncer in transaction mode.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var skip []string
	for name := range unpooled {
		skip = append(skip, "^"+strings.ReplaceAll(name, "/", "$/^")+"$")
	}
	cmd := osexec.CommandContext(t.Context(), program, "-test.v", "-test.timeout=5m", "-test.skip="+strings.Join(skip, "|"))
	cmd.Env = append(os.Environ(), pooledVariable+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, regexp.MustCompile(`(?m)^\s*(===|--- PASS).*\n`).ReplaceAll(out, nil))
	}
	for _, name := range []string{"TestOtherTenantIsUnreachable", "TestScopeDoesNotLeak", "TestTransaction", "TestPipelined", "TestConstraintErrors", "TestCancel"} {
		if !bytes.Contains(out, []byte("--- PASS: "+name+" ")) {
			t.Errorf("%s was not run behind the pooler", name)
		}
	}
}

// pooled reports whether this run is to use the pooler.
func pooled() bool { return os.Getenv(pooledVariable) != "" }

// maybePooled returns the URL's database as the drivers of this run are to reach it.
func maybePooled(t testing.TB, databaseURL string) string {
	t.Helper()
	if !pooled() {
		return databaseURL
	}
	return behindPooler(t, databaseURL)
}

// theBouncer is the pooler of this test process.
var theBouncer struct {
	sync.Once
	addr    string
	dir     string
	process *child.Process
	err     error
}

// behindPooler returns the URL's database behind a PgBouncer in transaction mode.
func behindPooler(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	theBouncer.Do(func() { theBouncer.err = startBouncer(t) })
	if theBouncer.err != nil {
		t.Fatalf("start PgBouncer: %v", theBouncer.err)
	}
	u.Host = theBouncer.addr
	return u.String()
}

// stopBouncer ends the pooler, if one was started.
func stopBouncer() {
	if p := theBouncer.process; p != nil {
		_, _ = p.Stop(5*time.Second, syscall.SIGTERM)
	}
	if theBouncer.dir != "" {
		_ = os.RemoveAll(theBouncer.dir)
	}
}

// startBouncer starts a PgBouncer in front of this process' cluster, as an unprivileged user: it refuses to run as root.
func startBouncer(t testing.TB) error {
	program, err := setup.PgBouncer()
	if err != nil {
		return err
	}
	cluster := dbtest.Cluster(t)
	port, err := freePort()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pgbouncer-")
	if err != nil {
		return err
	}
	theBouncer.dir = dir
	users := filepath.Join(dir, "users.txt")
	var list strings.Builder
	for _, raw := range []string{cluster.AppURL(""), cluster.OwnerURL("")} {
		u, err := url.Parse(raw)
		if err != nil {
			return err
		}
		password, _ := u.User.Password()
		fmt.Fprintf(&list, "%q %q\n", u.User.Username(), password)
	}
	// Few server connections, so that clients meet each other on them.
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
`, cluster.Port(), port, users)
	for path, content := range map[string]string{users: list.String(), config: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	cmd := osexec.CommandContext(context.Background(), program, config)
	log := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := drop(cmd, dir, users, config); err != nil {
		return err
	}
	theBouncer.process, err = child.Start(cmd, child.Options{})
	if err != nil {
		return err
	}
	theBouncer.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return accepts(theBouncer.process, theBouncer.addr, log)
}

// drop has cmd run as an unprivileged user who owns the files, when this process is root.
func drop(cmd *osexec.Cmd, files ...string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Chown(f, uid, -1); err != nil {
			return err
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// accepts returns when the pooler accepts connections, or has ended.
func accepts(p *child.Process, addr string, log *bytes.Buffer) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(30 * time.Second)
	for {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return conn.Close()
		}
		select {
		case <-p.Done():
			return fmt.Errorf("it ended: %s", log)
		case <-timeout:
			return fmt.Errorf("it did not answer for 30 s: %s", log)
		case <-tick.C:
		}
	}
}

// TestPoolerIsRefusedToListenOn shows that a listener does not trust a pooler, on which LISTEN succeeds and nothing is
// ever heard.
func TestPoolerIsRefusedToListenOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	through := behindPooler(t, w.appURL)
	conn, err := pgx.Connect(t.Context(), through+"&default_query_exec_mode=simple_protocol")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), "listen news"); err != nil {
		t.Fatalf("LISTEN on the pooler: got %v; if it refuses, nothing has to be detected", err)
	}
	said := &lines{}
	e := newEar(t, through, said)
	eventually(t, "the pooler is recognised", func() bool { return said.contain("this address is a pooler's") })
	if e.Healthy() || e.connections() != 0 {
		t.Error("a listener on a pooler is healthy")
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) contain(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}
