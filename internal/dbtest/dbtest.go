// Package dbtest gives each test a real database of its own: a clone of one that the repository's migrations built. A
// package that uses it declares
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
//
// A database that cannot be had fails the test; it is never skipped.
package dbtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

// startPatience bounds the start of the cluster and the migration of the template on a busy machine.
const startPatience = 3 * time.Minute

// template is the name of the database that New clones.
const template = "template_migrated"

// Database is one test's database. OwnerURL connects as core_owner, who passes row-level security and may run DDL;
// AppURL as core_app, like the server in production.
type Database struct {
	OwnerURL string
	AppURL   string
}

// process is what the tests of one process share: a cluster takes a second to make, a clone a fraction of that.
var process struct {
	cluster  once[*devdb.Cluster]
	template once[struct{}]
	pooler   once[*pooler]
	lenient  once[*pooler]
}

// once is the result of a step that is taken at most once, by the first test that needs it.
type once[T any] struct {
	sync.Once
	value T
	err   error
}

func (o *once[T]) do(step func() (T, error)) (T, error) {
	o.Do(func() { o.value, o.err = step() })
	return o.value, o.err
}

// Main runs the package's tests, then stops and removes the cluster if a test started it. It returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	for _, p := range []*pooler{process.pooler.value, process.lenient.value} {
		if p != nil {
			p.stop()
		}
	}
	for _, c := range append(pinnedClusters(), process.cluster.value) {
		if c == nil {
			continue
		}
		if err := c.Stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stop the test database: %v\n", err)
			code = max(code, 1)
		}
	}
	return code
}

// Cluster returns the cluster of this test process, starting it when it is the first to ask. Databases and roles a test
// makes on it are seen by all others.
func Cluster(t testing.TB) *devdb.Cluster {
	t.Helper()
	c, err := process.cluster.do(func() (*devdb.Cluster, error) { return start(0) })
	if err != nil {
		t.Fatalf("start the test database: %v", err)
	}
	return c
}

// start starts an ephemeral cluster of a major version, 0 for the one that is installed.
func start(major int) (*devdb.Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	var log bytes.Buffer
	c, err := devdb.Start(ctx, devdb.Options{Ephemeral: true, Log: &log, Major: major})
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, log.Bytes())
	}
	return c, nil
}

// New returns a database migrated with the repository's migrations and otherwise empty. It is dropped with the test.
func New(t testing.TB) Database {
	t.Helper()
	c := Cluster(t)
	_, err := process.template.do(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(context.Background(), startPatience)
		defer cancel()
		if err := c.CreateDatabase(ctx, template); err != nil {
			return struct{}{}, err
		}
		_, err := migrate.Up(ctx, migrate.Options{Dir: migrations.FS, URL: c.OwnerURL(template)})
		return struct{}{}, err
	})
	if err != nil {
		t.Fatalf("migrate the test database: %v", err)
	}
	return named(t, c, func(ctx context.Context, name string) error { return c.CloneDatabase(ctx, name, template) })
}

// Empty returns a database without any schema of the project. It is dropped with the test.
func Empty(t testing.TB) Database {
	t.Helper()
	c := Cluster(t)
	return named(t, c, c.CreateDatabase)
}

// named makes a database with a fresh name and drops it with the test.
func named(t testing.TB, c *devdb.Cluster, create func(ctx context.Context, name string) error) Database {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	if err := create(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.DropDatabase(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return Database{OwnerURL: c.OwnerURL(name), AppURL: c.AppURL(name)}
}
