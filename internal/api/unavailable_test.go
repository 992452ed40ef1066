package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// endSessions ends the sessions of the servers under test, so that what was set for new ones holds for their next. It
// returns how many were ended.
func (s *stack) endSessions(t *testing.T, which string) (ended int) {
	t.Helper()
	err := s.inSession(t).QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND usename = 'core_app' AND pid <> pg_backend_pid() AND `+which).Scan(&ended)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

// inSession is a session of the application's role, which may end others of its own.
func (s *stack) inSession(t *testing.T) *pgx.Conn {
	t.Helper()
	if s.session != nil {
		return s.session
	}
	conn, err := pgx.Connect(t.Context(), s.appURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	s.session = conn
	return conn
}

// readOnly has new sessions of the database refuse to write, as a standby's do, and readWrite takes that back.
func (s *stack) readOnly(t *testing.T) {
	t.Helper()
	s.inSession(t)
	s.exec(t, `ALTER DATABASE `+s.owner.Config().Database+` SET default_transaction_read_only = on`)
	s.endSessions(t, "true")
}

func (s *stack) readWrite(t *testing.T) {
	t.Helper()
	s.exec(t, `ALTER DATABASE `+s.owner.Config().Database+` RESET default_transaction_read_only`)
}

// TestUnusableDatabaseIs503 meets a database that answers and does not work: the caller is told to come back, and the log
// line says why. It was 500.
func TestUnusableDatabaseIs503(t *testing.T) {
	t.Parallel()
	create := func(s *stack) call {
		return call{method: "POST", path: "/v1/users", token: s.acme.admin.token, body: `{"email": "new@example.com", "displayName": "New"}`, status: 503, code: "unavailable"}
	}
	change := func(s *stack) call {
		return call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, body: `{"displayName": "New"}`, status: 503, code: "unavailable"}
	}
	for name, test := range map[string]struct {
		fault        func(*testing.T, *stack)
		cause, state string
	}{
		"read-only": {func(t *testing.T, s *stack) { t.Helper(); s.readOnly(t) }, "read_only", "25006"},
		"not granted": {func(t *testing.T, s *stack) {
			t.Helper()
			s.exec(t, `REVOKE INSERT, UPDATE ON core.users FROM core_app`)
		}, "permission_denied", "42501"},
		"full": {func(t *testing.T, s *stack) {
			t.Helper()
			s.exec(t, `CREATE FUNCTION core.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no space left' USING ERRCODE = 'disk_full'; END $$;
				CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON core.users FOR EACH ROW EXECUTE FUNCTION core.full()`)
		}, "disk_full", "53100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := newStack(t)
			log := &logged{}
			s := direct.replica(t, direct.appURL, direct.appURL, func(c *api.Config) { c.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
			test.fault(t, s)
			for _, c := range []call{create(s), change(s)} {
				got := s.check(t, c)
				if got.header.Get("Retry-After") != "1" {
					t.Errorf("got Retry-After %q, want 1", got.header.Get("Retry-After"))
				}
				line := log.request(t, got.header.Get("X-Request-Id"))
				if line.Cause != test.cause || line.SQLState != test.state {
					t.Errorf("got cause %q (%q) in the log, want %s (%s)", line.Cause, line.SQLState, test.cause, test.state)
				}
			}
		})
	}
}

// line is a line of the log that is about a failure.
type line struct {
	Msg, RequestID, Kind, Cause, SQLState, Error string
}

func (l *logged) lines(t *testing.T, msg string) (out []line) {
	t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(l.String())); lines.Scan(); {
		var one line
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if one.Msg == msg {
			out = append(out, one)
		}
	}
	return out
}

// request returns the line of a request.
func (l *logged) request(t *testing.T, id string) line {
	t.Helper()
	for _, one := range l.lines(t, "request") {
		if one.RequestID == id {
			return one
		}
	}
	t.Fatalf("got no line of request %s in\n%s", id, l)
	return line{}
}

// TestReadinessNamesTheKind breaks the database in ways that have nothing to do with migrations, which /readyz blamed. The log
// names the cause once per change.
func TestReadinessNamesTheKind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		breaks, mends func(*testing.T, *stack)
		kind, state   string
	}{
		"read-only": {
			func(t *testing.T, s *stack) { t.Helper(); s.readOnly(t) },
			func(t *testing.T, s *stack) { t.Helper(); s.readWrite(t) }, "read_only", "",
		},
		"permission": {
			func(t *testing.T, s *stack) { t.Helper(); s.exec(t, `REVOKE SELECT ON `+revisions+` FROM core_app`) },
			func(t *testing.T, s *stack) { t.Helper(); s.exec(t, `GRANT SELECT ON `+revisions+` TO core_app`) }, "permission_denied", "42501",
		},
		"a table": {
			func(t *testing.T, s *stack) { t.Helper(); s.exec(t, `REVOKE SELECT ON core.users FROM core_app`) },
			func(t *testing.T, s *stack) { t.Helper(); s.exec(t, `GRANT SELECT ON core.users TO core_app`) }, "permission_denied", "",
		},
		"the schema": {
			func(t *testing.T, s *stack) { t.Helper(); s.exec(t, `REVOKE USAGE ON SCHEMA core FROM core_app`) },
			func(t *testing.T, s *stack) { t.Helper(); s.exec(t, `GRANT USAGE ON SCHEMA core TO core_app`) }, "permission_denied", "",
		},
		"connections": {
			func(t *testing.T, s *stack) {
				t.Helper()
				s.inSession(t)
				s.exec(t, `ALTER DATABASE `+s.owner.Config().Database+` CONNECTION LIMIT 0`)
				s.endSessions(t, "true")
			},
			func(t *testing.T, s *stack) {
				t.Helper()
				s.exec(t, `ALTER DATABASE `+s.owner.Config().Database+` CONNECTION LIMIT -1`)
			}, "too_many_connections", "53300",
		},
		"login": {
			func(t *testing.T, s *stack) {
				t.Helper()
				s.inSession(t)
				s.exec(t, `REVOKE CONNECT ON DATABASE `+s.owner.Config().Database+` FROM PUBLIC, core_app`)
				s.endSessions(t, "true")
			},
			func(t *testing.T, s *stack) {
				t.Helper()
				s.exec(t, `GRANT CONNECT ON DATABASE `+s.owner.Config().Database+` TO PUBLIC`)
			}, "permission_denied", "42501",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := newStack(t)
			log := &logged{}
			// Without a listener, whose sessions the database would refuse as well.
			s := direct.replica(t, direct.appURL, "", func(c *api.Config) { c.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
			s.until(t, "/readyz", 200, "")
			test.breaks(t, s)
			var got answer
			eventually(t, "/readyz names "+test.kind, func() bool {
				got = s.do(t, call{path: "/readyz"})
				return got.status == 503 && got.body["kind"] == test.kind
			})
			if line := log.request(t, got.header.Get("X-Request-Id")); line.Cause != test.kind {
				t.Errorf("got cause %q in the line of the request, want %s", line.Cause, test.kind)
			}
			if reason, _ := got.body["reason"].(string); strings.Contains(reason, "migrate") != (test.kind == "permission_denied") {
				t.Errorf("got reason %q", reason)
			}
			test.mends(t, s)
			s.until(t, "/readyz", 200, "")
			told := 0
			for _, one := range log.lines(t, "not ready") {
				if one.Kind == test.kind {
					told++
					if one.SQLState != test.state || one.Error == "" {
						t.Errorf("got %+v, want the cause with SQLSTATE %q", one, test.state)
					}
				}
			}
			if told != 1 || len(log.lines(t, "ready")) != 1 {
				t.Errorf("got %d lines of not being ready for %s, want one, and one of being ready again:\n%s", told, test.kind, log)
			}
		})
	}
}

// TestTokensWhileTheirIssuerIsAway asks while nobody can know whether a token is good: 503, not the 401 that signs people out.
// What is wrong with a token whoever is asked stays 401.
func TestTokensWhileTheirIssuerIsAway(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var down atomic.Bool
	var issuer *devissuer.Issuer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		issuer.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	var err error
	if issuer, err = devissuer.New(devissuer.Options{IssuerURL: server.URL}); err != nil {
		t.Fatal(err)
	}
	verifier, err := authn.New(authn.Config{Issuers: []string{server.URL + " any-tenant"}})
	if err != nil {
		t.Fatal(err)
	}
	log := &logged{}
	r := s.replica(t, s.appURL, s.appURL, func(c *api.Config) {
		c.Verifier, c.Logger = verifier, slog.New(slog.NewJSONHandler(log, nil))
	})
	token := func() string {
		signed, err := issuer.Token(devissuer.TokenRequest{TenantID: s.acme.id, UserID: s.acme.admin.id})
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	first := token()
	away := func(token string) {
		t.Helper()
		got := r.check(t, call{path: "/v1/users", token: token, status: 503, code: "unavailable"})
		if got.header.Get("Retry-After") != "1" || got.header.Get("WWW-Authenticate") != "" {
			t.Errorf("got headers %v, want Retry-After and no challenge", got.header)
		}
		if line := log.request(t, got.header.Get("X-Request-Id")); line.Cause != "issuer_unavailable" {
			t.Errorf("got cause %q in the log, want issuer_unavailable", line.Cause)
		}
	}
	down.Store(true)
	away(first)
	r.check(t, call{path: "/v1/users", token: "abc.def.ghi", status: 401, code: "unauthenticated"})
	r.check(t, call{path: "/v1/users", status: 401, code: "unauthenticated"})
	down.Store(false)
	// It is asked again after a second.
	eventually(t, "the token is taken", func() bool { return r.do(t, call{path: "/v1/users", token: first}).status == 200 })

	down.Store(true)
	if err := issuer.Rotate(true); err != nil {
		t.Fatal(err)
	}
	second := token()
	away(second)
	r.check(t, call{path: "/v1/users", token: first, status: 200}) // its key is known
	down.Store(false)
	eventually(t, "the new key is known", func() bool { return r.do(t, call{path: "/v1/users", token: second}).status == 200 })
}
