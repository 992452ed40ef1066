package dbtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/setup"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// pooler is a PgBouncer in front of this process' cluster.
type pooler struct {
	addr    string
	dir     string
	process *subprocess.Process
}

// BehindPooler returns the URL's database, one of Cluster's, behind Debian's PgBouncer in transaction mode.
func BehindPooler(t testing.TB, databaseURL string) string {
	t.Helper()
	return behind(t, &process.pooler, databaseURL, "")
}

// BehindLenientPooler is BehindPooler with a PgBouncer that takes the settings of a session, which it then ignores.
func BehindLenientPooler(t testing.TB, databaseURL string) string {
	t.Helper()
	return behind(t, &process.lenient, databaseURL, "ignore_startup_parameters = search_path, statement_timeout, idle_in_transaction_session_timeout, jit")
}

func behind(t testing.TB, shared *once[*pooler], databaseURL, setting string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	p, err := shared.do(func() (*pooler, error) { return startPooler(Cluster(t), setting) })
	if err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	u.Host = p.addr
	return u.String()
}

func (p *pooler) stop() {
	_, _ = p.process.Stop(5*time.Second, syscall.SIGTERM)
	_ = os.RemoveAll(p.dir)
}

// startPooler runs PgBouncer as an unprivileged user: it refuses to run as root.
func startPooler(cluster *devdb.Cluster, setting string) (_ *pooler, err error) {
	program, err := setup.PgBouncer()
	if err != nil {
		return nil, err
	}
	port, err := devdb.FreePort(context.Background())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgbouncer-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	users := filepath.Join(dir, "users.txt")
	var list strings.Builder
	for _, raw := range []string{cluster.AppURL(""), cluster.OwnerURL("")} {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, err
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
%s
`, cluster.Port(), port, users, setting)
	for path, content := range map[string]string{users: list.String(), config: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(context.Background(), program, config)
	log := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := drop(cmd, dir, users, config); err != nil {
		return nil, err
	}
	p := &pooler{addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir}
	if p.process, err = subprocess.Start(cmd, subprocess.Options{}); err != nil {
		return nil, err
	}
	if err := accepts(p.process, p.addr, log); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// drop has cmd run as an unprivileged user who owns the files, when this process is root.
func drop(cmd *exec.Cmd, files ...string) error {
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

// accepts returns when the pooler accepts connections, or has ended.
func accepts(p *subprocess.Process, addr string, log *bytes.Buffer) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(3 * time.Minute)
	for {
		if conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr); err == nil {
			return conn.Close()
		}
		select {
		case <-p.Done():
			return fmt.Errorf("it ended: %s", log)
		case <-timeout:
			return fmt.Errorf("it did not answer for three minutes: %s", log)
		case <-tick.C:
		}
	}
}
