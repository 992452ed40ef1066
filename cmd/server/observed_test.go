package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/pgproxy"
)

// The personal data of the rows in the tests' databases, none of which may leave the process but in answers.
const (
	adminEmail = "ada.lovelace@example.com"
	adminName  = "Ada Lovelace"
)

// running is `server serve` in this process, on a migrated database of its own behind a proxy, with one tenant that has an
// administrator.
type running struct {
	api, admin string // base URLs
	wire       *pgproxy.Proxy
	owner      *pgx.Conn
	issuer     *devissuer.Issuer
	tenant     uuid.UUID
	user       uuid.UUID
	token      string
	log        *lines
	// issuerHeard is the last traceparent that came to the issuer, a string.
	issuerHeard atomic.Value
	// stop ends the server as SIGTERM does, and returns its exit code.
	stop func() int
}

// lines is a log that can be written and read at the same time.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// exportSoon has spans sent at once, from a queue that is soon full: the library reads that from the process' environment.
var exportSoon = sync.OnceFunc(func() {
	for name, value := range map[string]string{
		"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_BSP_MAX_QUEUE_SIZE": "256", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64",
	} {
		_ = os.Setenv(name, value)
	}
})

// startServer runs a server with these settings besides those it needs.
func startServer(t *testing.T, settings config.Environment) *running {
	t.Helper()
	exportSoon()
	database := dbtest.New(t)
	listener, url, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &running{wire: pgproxy.New(t, database.AppURL), log: &lines{}, tenant: newID(), user: newID()}
	if s.issuer, err = devissuer.New(devissuer.Options{IssuerURL: url}); err != nil {
		t.Fatal(err)
	}
	issuers := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if parent := r.Header.Get("Traceparent"); parent != "" {
			s.issuerHeard.Store(parent)
		}
		s.issuer.ServeHTTP(w, r)
	})}}
	issuers.Start()
	t.Cleanup(issuers.Close)
	if s.owner, err = pgx.Connect(t.Context(), database.OwnerURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.owner.Close(context.Background()) })
	s.addAdministrator(t)
	s.token = s.signed(t, devissuer.TokenRequest{TenantID: s.tenant, UserID: s.user})

	env := config.Environment{
		"LOCKSTEP_DATABASE_URL": s.wire.URL, "LOCKSTEP_DATABASE_LISTEN_URL": database.AppURL, "LOCKSTEP_OIDC_ISSUERS": url,
		"LOCKSTEP_ADDR": "127.0.0.1:0", "LOCKSTEP_ADMIN_ADDR": "127.0.0.1:0", "LOCKSTEP_SHUTDOWN_DELAY": "0s", "LOCKSTEP_LOG_LEVEL": "debug",
	}
	for name, value := range settings {
		env[name] = strings.ReplaceAll(value, "ISSUER", url)
	}
	ctx, cancel := context.WithCancel(context.Background())
	said, say := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve"}, env, say, say)
		_ = say.Close()
	}()
	logged := make(chan struct{})
	s.stop = sync.OnceValue(func() int {
		cancel()
		<-logged
		return <-ended
	})
	t.Cleanup(func() { s.stop() })
	addresses := make(chan [2]string, 1)
	go func() {
		for scanner := bufio.NewScanner(said); scanner.Scan(); {
			_, _ = s.log.Write(append(scanner.Bytes(), '\n'))
			var line struct{ Msg, Addr, AdminAddr string }
			if json.Unmarshal(scanner.Bytes(), &line) == nil && line.Msg == "serving" {
				addresses <- [2]string{"http://" + line.Addr, "http://" + line.AdminAddr}
			}
		}
		close(addresses)
		close(logged)
	}()
	at, ok := <-addresses
	if !ok {
		t.Fatalf("the server ended:\n%s", s.log)
	}
	s.api, s.admin = at[0], at[1]
	return s
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func (s *running) addAdministrator(t *testing.T) {
	t.Helper()
	role := newID()
	s.exec(t, `INSERT INTO core.tenants (id, name, slug, version, created_at, updated_at) VALUES ($1, 'Acme', 'acme', 1, now(), now())`, s.tenant)
	s.exec(t, `INSERT INTO core.roles (tenant_id, id, name, permissions, version, created_at, updated_at) VALUES ($1, $2, 'Administrator', '{*}', 1, now(), now())`, s.tenant, role)
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, version, created_at, updated_at) VALUES ($1, $2, $3, $4, 1, now(), now())`,
		s.tenant, s.user, adminEmail, adminName)
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), 1, now(), now())`,
		s.tenant, newID(), s.user, role)
}

func (s *running) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.owner.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (s *running) signed(t *testing.T, request devissuer.TokenRequest) string {
	t.Helper()
	token, err := s.issuer.Token(request)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// call sends a request with the administrator's token, unless headers say otherwise, and wants this status; any if it is 0.
func (s *running) call(t *testing.T, want int, method, path, body string, headers ...string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.api+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err) // not Fatal: some call from goroutines of their own
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	if want != 0 && response.StatusCode != want {
		t.Errorf("%s %s: got status %d, want %d\n%s", method, path, response.StatusCode, want, text)
	}
	return string(text)
}

func (s *running) scrape(t *testing.T) string { t.Helper(); return scrapeOf(t, s.admin) }

// scrapeOf returns what the admin port at this URL serves at /metrics.
func scrapeOf(t *testing.T, admin string) string {
	t.Helper()
	response, err := http.Get(admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %v", response.Status, err)
	}
	return string(text)
}
