package pg_test

import (
	"bytes"
	"context"
	"os"
	osexec "os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// pooledVariable makes every driver of this package's tests go through a PgBouncer in transaction mode.
const pooledVariable = "LOCKSTEP_TEST_PGBOUNCER"

// unpooled are the tests that say nothing about a pooled connection, each with its reason.
var unpooled = map[string]string{
	"TestBehindPgBouncer":                   "is what runs the others",
	"TestIdleConnectionThatBrokeIsReplaced": "ends a connection of the pooler's, which is the pooler's to replace",
	"TestTenantLeavesConnectionsToOthers":   "takes more connections than the pooler of the tests has to Postgres",
	"TestTypes/(native|ent_database_sql)":   "prepares statements; native_pgbouncer is run",
	"Test(StatementsArePreparedOnce|PreparedStatementsAreBounded|StatementsArePreparedAnew)": "are about statements that are prepared, which none is behind a pooler",
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
	return dbtest.BehindPooler(t, databaseURL)
}

// TestPoolerIsRefusedToListenOn shows that a listener does not trust a pooler, on which LISTEN succeeds and nothing is
// ever heard.
func TestPoolerIsRefusedToListenOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	through := dbtest.BehindPooler(t, w.appURL)
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
