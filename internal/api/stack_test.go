package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/permcache"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/rules"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/migrations"
	"github.com/lockstep-dev/lockstep/openapi"
)

// stack is the real thing around one test: a migrated database of its own, an issuer, the handler the process serves.
type stack struct {
	statements *atomic.Int64 // sent to the database
	handler    http.Handler
	appURL     string // as core_app
	config     api.Config
	issuer     *devissuer.Issuer
	verifier   *authn.Verifier
	grants     *permcache.Cache
	owner      *pgx.Conn // bypasses row-level security: what is really in the tables
	session    *pgx.Conn // as core_app, beside the handler; nil until it is asked for
	acme       tenant
	globex     tenant
	platform   string
}

// tenant is a tenant with an administrator, an ordinary member and a manager of both, and the same names as every other.
type tenant struct {
	id                     uuid.UUID
	admin, member, manager person
	adminRole, memberRole  uuid.UUID
}

type person struct {
	id    uuid.UUID
	token string
}

func newStack(t *testing.T) *stack {
	t.Helper()
	database := dbtest.New(t)
	owner, err := pgx.Connect(t.Context(), database.OwnerURL)
	if err != nil {
		t.Fatalf("connect as owner: %v", err)
	}
	t.Cleanup(func() { _ = owner.Close(context.Background()) })

	issuer, stop := startIssuer(t)
	t.Cleanup(stop)
	verifier, err := authn.New(authn.Config{Issuers: []string{issuer.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	s := (&stack{statements: new(atomic.Int64), issuer: issuer, verifier: verifier, owner: owner}).replica(t, database.AppURL, database.AppURL)
	s.acme, s.globex = s.addTenant(t, "acme"), s.addTenant(t, "globex")
	s.platform = s.token(t, devissuer.TokenRequest{ClientID: "operator", Scopes: []string{"platform"}})
	return s
}

// replica is the same stack served by another process, as far as it matters: with a handler, a pool on appURL and grants
// of its own, which listen on listenURL.
func (s *stack) replica(t *testing.T, appURL, listenURL string, options ...func(*api.Config)) *stack {
	t.Helper()
	// Tests send more at once than a server would queue, on machines of any speed.
	db, err := pg.Open(t.Context(), pg.Config{URL: appURL, MaxConns: 4, MaxWait: time.Minute, MaxWaiting: 2000, Observe: s.watch(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	r := *s
	r.appURL, r.grants = appURL, startGrants(t, db, listenURL)
	config := api.Config{Config: serving.Config{
		DB: db, Verifier: s.verifier, Grants: r.grants, Migrations: migrations.FS, Contract: openapi.Document,
		Documentation: true, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), MaxBody: 64 << 10,
	}}
	for _, o := range options {
		o(&config)
	}
	r.config = config
	r.handler, err = api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

// startGrants runs grants that listen on the URL until the test ends.
func startGrants(t *testing.T, db *pg.DB, listenURL string) *permcache.Cache {
	t.Helper()
	g, err := permcache.New(permcache.Options{Source: rules.NewCallers(db.Driver()), Platform: crud.PlatformPermissions, ListenURL: listenURL, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); g.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return g
}

func startIssuer(t *testing.T) (*devissuer.Issuer, func()) {
	t.Helper()
	listener, url, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devissuer.New(devissuer.Options{IssuerURL: url})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: issuer}}
	server.Start()
	return issuer, server.Close
}

func (s *stack) token(t *testing.T, request devissuer.TokenRequest) string {
	t.Helper()
	token, err := s.issuer.Token(request)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (s *stack) addTenant(t *testing.T, slug string) tenant {
	t.Helper()
	out := tenant{id: newID()}
	s.exec(t, `INSERT INTO core.tenants (id, name, slug, version, created_at, updated_at) VALUES ($1, $2, $2, 1, now(), now())`, out.id, slug)
	out.adminRole = s.addRole(t, out.id, "Administrator", "*")
	out.memberRole = s.addRole(t, out.id, "Member", "users:read")
	out.manager = s.addUser(t, out.id, "manager@example.com", "Mara Manager", nil, out.memberRole)
	out.admin = s.addUser(t, out.id, "admin@example.com", "Ada Admin", &out.manager.id, out.adminRole)
	out.member = s.addUser(t, out.id, "member@example.com", "Max Member", &out.manager.id, out.memberRole)
	return out
}

func (s *stack) addRole(t *testing.T, tenantID uuid.UUID, name string, permissions ...string) uuid.UUID {
	t.Helper()
	id := newID()
	s.exec(t, `INSERT INTO core.roles (tenant_id, id, name, permissions, version, created_at, updated_at) VALUES ($1, $2, $3, $4, 1, now(), now())`,
		tenantID, id, name, permissions)
	return id
}

// addRoles adds as many roles as the permissions take: one holds at most so many.
func (s *stack) addRoles(t *testing.T, tenantID uuid.UUID, name string, permissions ...string) []uuid.UUID {
	t.Helper()
	var roles []uuid.UUID
	for part := range slices.Chunk(permissions, contract.DefaultMaxItems) {
		roles = append(roles, s.addRole(t, tenantID, fmt.Sprintf("%s (%d)", name, len(roles)+1), part...))
	}
	return roles
}

func (s *stack) addUser(t *testing.T, tenantID uuid.UUID, email, name string, manager *uuid.UUID, roles ...uuid.UUID) person {
	t.Helper()
	id := newID()
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 1, now(), now())`, tenantID, id, email, name, manager)
	for _, role := range roles {
		s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
			VALUES ($1, $2, $3, $4, now(), 1, now(), now())`, tenantID, newID(), id, role)
	}
	return person{id: id, token: s.token(t, devissuer.TokenRequest{TenantID: tenantID, UserID: id})}
}

func (s *stack) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.owner.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	s.grants.ForgetAll() // nobody announces what is done by hand
}

// count returns how many rows a query over the real tables counts.
func (s *stack) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := s.owner.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// fingerprint changes when any row of any table changes.
func (s *stack) fingerprint(t *testing.T) string {
	t.Helper()
	var sums strings.Builder
	for _, table := range s.tables(t) {
		var sum string
		if err := s.owner.QueryRow(t.Context(), `SELECT coalesce(md5(string_agg(x::text, '' ORDER BY x::text)), '') FROM `+table+` x`).Scan(&sum); err != nil {
			t.Fatalf("fingerprint of %s: %v", table, err)
		}
		fmt.Fprintf(&sums, "%s %s\n", table, sum)
	}
	return sums.String()
}

// tables are all of the schema core, also those of entities added later.
func (s *stack) tables(t *testing.T) []string {
	t.Helper()
	rows, err := s.owner.Query(t.Context(), `SELECT format('core.%I', tablename) FROM pg_tables WHERE schemaname = 'core' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
