package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// binaryDir is where the tests of this process keep the server they build; TestMain removes it.
var binaryDir string

func TestMain(m *testing.M) {
	if dir := os.Getenv(freezerVariable); dir != "" {
		if err := runFreezer(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var err error
	if binaryDir, err = os.MkdirTemp("", "lockstep-server-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := dbtest.Main(m)
	_ = os.RemoveAll(binaryDir)
	os.Exit(code)
}

// buildBinary builds the server once, from the packages that are compiled for the tests anyway.
var buildBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "server")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// world is a database with a tenant in it, and an issuer of tokens for it.
type world struct {
	database dbtest.Database
	issuer   *devissuer.Issuer
	owner    *pgx.Conn // bypasses row-level security: what is really in the tables
	acme     member
}

// member is an administrator of a tenant.
type member struct {
	tenant, user uuid.UUID
	token        string
}

func newWorld(t *testing.T, database dbtest.Database) *world {
	t.Helper()
	listener, url, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{database: database}
	if w.issuer, err = devissuer.New(devissuer.Options{IssuerURL: url}); err != nil {
		t.Fatal(err)
	}
	issuer := &httptest.Server{Listener: listener, Config: &http.Server{Handler: w.issuer}}
	issuer.Start()
	t.Cleanup(issuer.Close)
	w.connect(t)
	w.acme = w.addTenant(t, "acme")
	return w
}

// connect connects as the owner, anew after an outage.
func (w *world) connect(t *testing.T) {
	t.Helper()
	owner, err := pgx.Connect(t.Context(), w.database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	w.owner = owner
}

func (w *world) addTenant(t *testing.T, slug string) member {
	t.Helper()
	m := member{tenant: uuid.Must(uuid.NewV7()), user: uuid.Must(uuid.NewV7())}
	role := uuid.Must(uuid.NewV7())
	w.exec(t, `INSERT INTO core.tenants (id, name, slug, version, created_at, updated_at) VALUES ($1, $2, $2, 1, now(), now())`, m.tenant, slug)
	w.exec(t, `INSERT INTO core.roles (tenant_id, id, name, permissions, version, created_at, updated_at) VALUES ($1, $2, 'Administrator', '{*}', 1, now(), now())`, m.tenant, role)
	w.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, version, created_at, updated_at) VALUES ($1, $2, 'admin@example.com', $3, 1, now(), now())`, m.tenant, m.user, slug)
	w.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), 1, now(), now())`,
		m.tenant, uuid.Must(uuid.NewV7()), m.user, role)
	var err error
	if m.token, err = w.issuer.Token(devissuer.TokenRequest{TenantID: m.tenant, UserID: m.user}); err != nil {
		t.Fatal(err)
	}
	return m
}

func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := w.owner.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// lockedUser returns a user whose row is locked until unlock is called: whoever changes it waits, whoever reads does not.
func (w *world) lockedUser(t *testing.T) (id uuid.UUID, unlock func()) {
	t.Helper()
	id = uuid.Must(uuid.NewV7())
	w.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, version, created_at, updated_at) VALUES ($1, $2, 'locked@example.com', 'Locked', 1, now(), now())`, w.acme.tenant, id)
	w.exec(t, `BEGIN`)
	w.exec(t, `SELECT FROM core.users WHERE id = $1 FOR UPDATE`, id)
	return id, func() { w.exec(t, `ROLLBACK`) }
}

// waiting returns once n sessions wait for a lock.
func (w *world) waiting(t *testing.T, n int) {
	t.Helper()
	observer, err := pgx.Connect(t.Context(), w.database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = observer.Close(context.Background()) }()
	eventually(t, fmt.Sprintf("%d sessions wait for the lock", n), func() bool {
		var got int
		if err := observer.QueryRow(t.Context(), `SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got >= n
	})
}

// patience is how long a test waits for what must happen, however slow the machine.
const patience = 3 * time.Minute

// eventually returns when the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for !holds() {
		select {
		case <-timeout:
			t.Fatalf("never: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// server is a running process.
type server struct {
	*subprocess.Process
	url, admin string
	client     *http.Client

	mu   sync.Mutex
	logs strings.Builder
	read chan struct{} // closed when the process has said everything
}

// start runs `server serve` on free ports and returns when it listens.
func (w *world) start(t *testing.T, env config.Environment, args ...string) *server {
	t.Helper()
	binary, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return w.startBinary(t, binary, env, args...)
}

// startBinary is start with a server of another release.
func (w *world) startBinary(t *testing.T, binary string, env config.Environment, args ...string) *server {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"serve"}, args...)...)
	all := config.Environment{
		"LOCKSTEP_DATABASE_URL": w.database.AppURL, "LOCKSTEP_OIDC_ISSUERS": w.issuer.URL(),
		"LOCKSTEP_ADDR": "127.0.0.1:0", "LOCKSTEP_ADMIN_ADDR": "127.0.0.1:0", "LOCKSTEP_SHUTDOWN_DELAY": "0s",
	}
	for name, value := range env {
		all[name] = value
	}
	for name, value := range all {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	// Not cmd.StderrPipe: whoever waits for the process closes that, with the last lines unread.
	out, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = said
	s := &server{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}, read: make(chan struct{})}
	s.Process, err = subprocess.Start(cmd, subprocess.Options{})
	if err := errors.Join(err, said.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		_, _ = s.Stop(20*time.Second, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("the server said:\n%s", s.said())
		}
	})
	listening := make(chan struct{})
	go s.listen(out, listening)
	select {
	case <-listening:
	case <-s.read:
		if s.url == "" { // it may have ended since
			t.Fatalf("the server ended before it listened:\n%s", s.said())
		}
	}
	return s
}

// listen keeps what the process says, and closes listening when that tells its addresses.
func (s *server) listen(out io.ReadCloser, listening chan struct{}) {
	defer close(s.read)
	defer func() { _ = out.Close() }()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s.mu.Lock()
		s.logs.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		var line struct{ Msg, Addr, AdminAddr string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			s.url, s.admin = "http://"+line.Addr, "http://"+line.AdminAddr
			close(listening)
		}
	}
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.String()
}

// answer is a response; status is 0 when there was none, because the connection broke or could not be made.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	closes bool // the server closes the connection
	err    error
}

func (a answer) code() string { code, _ := a.body["code"].(string); return code }

func (a answer) String() string { return fmt.Sprintf("%d %v %v", a.status, a.body, a.err) }

// do sends one request; headers are pairs. It may be called from any goroutine.
func (s *server) do(ctx context.Context, method, path, token, body string, headers ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, header: response.Header, closes: response.Close}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{err: err}
	}
	_ = json.Unmarshal(text, &a.body)
	return a
}

// ready returns when the server is ready.
func (s *server) ready(t *testing.T) {
	t.Helper()
	eventually(t, "the server is ready", func() bool { return s.do(t.Context(), "GET", "/readyz", "", "").status == 200 })
}

// ended returns the exit code, once the process has ended by itself.
func (s *server) ended(t *testing.T) int {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(patience):
		t.Fatal("the server goes on")
	}
	<-s.read
	var exit *exec.ExitError
	switch err := s.Err(); {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		t.Fatal(err)
		return -1
	}
}

// accepts reports whether somebody listens at the server's address.
func (s *server) accepts() bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
