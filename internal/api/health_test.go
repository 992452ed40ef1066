package api_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

const revisions = "atlas_schema_revisions.atlas_schema_revisions"

// addRevision records a revision as another release would.
func addRevision(version string, applied, total int) string {
	return fmt.Sprintf(`INSERT INTO %s (version, description, type, applied, total, executed_at, execution_time, hash, operator_version)
		VALUES ('%s', 'another', 2, %d, %d, now(), 1, 'h', 'test')`, revisions, version, applied, total)
}

// TestReadyAtTheEmbeddedRevision changes what the database says it has. A rolling update migrates first: the release that
// is replaced has to stay in service meanwhile, and the one that replaces it must not come in before.
func TestReadyAtTheEmbeddedRevision(t *testing.T) {
	t.Parallel()
	latest, err := migrate.Latest(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		statement string
		reason    string // empty: ready
	}{
		"migrated":                        {"SELECT", ""},
		"a newer release has migrated":    {addRevision("29990101000000", 1, 1), ""},
		"a newer release is migrating":    {addRevision("29990101000000", 0, 2), ""},
		"the embedded revision is absent": {addRevision("20000101000000", 1, 1) + `; DELETE FROM ` + revisions + ` WHERE version = '` + latest + `'`, "this server needs " + latest},
		"only another lineage is there":   {`UPDATE ` + revisions + ` SET version = '29990101000000' WHERE version = '` + latest + `'`, "this server needs " + latest},
		"half applied":                    {`UPDATE ` + revisions + ` SET applied = total - 1 WHERE version = '` + latest + `'`, "is not completely applied"},
		"an earlier one half applied":     {addRevision("20000101000000", 0, 2), "is not completely applied"},
		"a baseline":                      {`UPDATE ` + revisions + ` SET type = 1, applied = 0, total = 0`, ""},
		"never migrated":                  {`DELETE FROM ` + revisions, "the database holds no revision"},
		"not to be read":                  {`REVOKE SELECT ON ` + revisions + ` FROM core_app`, "may not read the revision"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.exec(t, test.statement)
			// Asked until it is so: on a slow machine the database may not answer in the time of a probe.
			if test.reason == "" {
				if got := s.until(t, "/readyz", 200, ""); got.body["revision"] != latest {
					t.Errorf("got %s, want ready at %s", got.text, latest)
				}
			} else {
				s.until(t, "/readyz", 503, test.reason)
			}
			if got := s.do(t, call{path: "/livez"}); got.status != 200 {
				t.Errorf("got %d, want live all the same", got.status)
			}
		})
	}
}

// TestReadinessFollowsTheSchema takes one server through a rollback of the schema and back.
func TestReadinessFollowsTheSchema(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, step := range []struct {
		statement string
		status    int
	}{{"SELECT", 200}, {`UPDATE ` + revisions + ` SET version = '2' || version`, 503}, {`UPDATE ` + revisions + ` SET version = substr(version, 2)`, 200}} {
		s.exec(t, step.statement)
		s.until(t, "/readyz", step.status, "")
	}
}

// until asks until the path answers with the status, and a reason that has this in it.
func (s *stack) until(t *testing.T, path string, status int, reason string) (got answer) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s answers %d %s", path, status, reason), func() bool {
		got = s.do(t, call{path: path})
		said, _ := got.body["reason"].(string)
		return got.status == status && strings.Contains(said, reason)
	})
	return got
}

func TestDrainingIsNotReadyAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var draining atomic.Bool
	log := &logged{}
	r := s.replica(t, s.appURL, s.appURL, func(c *api.Config) {
		c.Draining, c.Logger = draining.Load, slog.New(slog.NewJSONHandler(log, nil))
	})
	r.until(t, "/readyz", 200, "")
	if got := r.do(t, call{path: "/livez"}); got.header.Get("Connection") != "" {
		t.Errorf("got Connection: %s from a server that stays", got.header.Get("Connection"))
	}
	draining.Store(true)
	got := r.do(t, call{path: "/readyz"})
	if got.status != 503 || got.body["reason"] != "shutting down" {
		t.Errorf("got %d %s, want 503 without asking anybody", got.status, got.text)
	}
	if line := log.request(t, got.header.Get("X-Request-Id")); line.Cause != "draining" {
		t.Errorf("got cause %q in the line of the request, want draining", line.Cause)
	}
	for _, path := range []string{"/v1/users", "/livez", "/nothing"} {
		if got := r.do(t, call{path: path, token: s.acme.admin.token}); got.header.Get("Connection") != "close" {
			t.Errorf("%s: got Connection %q while draining, want close", path, got.header.Get("Connection"))
		}
	}
}

// TestProbesDoNotPileUp has many probes ask at once: the database is asked once.
func TestProbesDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	before := s.config.DB.Pool().Stat().AcquireCount()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			if w.Code != 200 {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	// On a machine so slow that this took seconds, once a second.
	if asked := s.config.DB.Pool().Stat().AcquireCount() - before; asked > 20 {
		t.Errorf("the database was asked %d times for 200 probes", asked)
	}
}
