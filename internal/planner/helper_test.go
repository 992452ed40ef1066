package planner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// project is a folder with a desired state and migrations.
type project struct {
	t testing.TB
	Options
}

// initial is the first migration of the base state, planned once.
var initial struct {
	sync.Once
	plan *Plan
	err  error
}

// newProject returns a project whose migrations lead to testdata/base.sql.
func newProject(t testing.TB) *project {
	t.Helper()
	p := emptyProject(t)
	initial.Do(func() { initial.plan, initial.err = New(context.Background(), p.Options, "init") })
	if initial.err != nil {
		t.Fatal(initial.err)
	}
	if err := os.MkdirAll(filepath.Join(p.Migrations, migrate.DownDir), 0o755); err != nil {
		t.Fatal(err)
	}
	p.write(initial.plan)
	return p
}

// emptyProject returns a project with the base state and no migrations.
func emptyProject(t testing.TB) *project {
	t.Helper()
	dir := t.TempDir()
	pool.start.Do(func() { pool.source = dbtest.Cluster(t) })
	p := &project{t, Options{Schema: filepath.Join(dir, "schema.sql"), Migrations: filepath.Join(dir, "migrations"), Scratch: pool}}
	p.edit(func(s string) string { return s })
	return p
}

// edit writes the desired state as a change of the base.
func (p *project) edit(change func(base string) string) {
	p.t.Helper()
	base, err := os.ReadFile("testdata/base.sql")
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.Schema, []byte(change(string(base))), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) plan(name string) *Plan {
	p.t.Helper()
	plan, err := New(p.t.Context(), p.Options, name)
	if err != nil {
		p.t.Fatalf("plan %s: %v", name, err)
	}
	return plan
}

func (p *project) write(plan *Plan) {
	p.t.Helper()
	if _, err := Write(p.Options, plan); err != nil {
		p.t.Fatalf("write the plan: %v", err)
	}
}

// put overwrites a file of the migrations directory and hashes it anew.
func (p *project) put(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.Migrations, name), []byte(content), 0o644); err != nil {
		p.t.Fatal(err)
	}
	if _, err := Hash(p.Migrations); err != nil {
		p.t.Fatal(err)
	}
}

// files lists the migrations directory.
func (p *project) files() []string {
	p.t.Helper()
	var names []string
	for _, pattern := range []string{"*", "*/*", ".*", "*/.*"} {
		found, err := filepath.Glob(filepath.Join(p.Migrations, pattern))
		if err != nil {
			p.t.Fatal(err)
		}
		for _, f := range found {
			names = append(names, strings.TrimPrefix(f, p.Migrations+"/"))
		}
	}
	slices.Sort(names)
	return names
}

// sameSchema compares what the migrations make of an empty database, as a proof found it, with what the desired state makes
// of one, leaving out what only the planner adds.
func (p *project) sameSchema(report Report) {
	p.t.Helper()
	desired, drop, err := pool.Scratch(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(drop)
	text, err := os.ReadFile(p.Schema)
	if err != nil {
		p.t.Fatal(err)
	}
	conn := connect(p.t, desired)
	if _, err := conn.Exec(p.t.Context(), string(text)); err != nil {
		p.t.Fatal(err)
	}
	added := func(o pgcatalog.Object) bool {
		return o.Kind == "policy" || o.Kind == "row security" || o.Kind == "grant"
	}
	stored, err := pgcatalog.Decode(report.fingerprint)
	if err != nil {
		p.t.Fatal(err)
	}
	got := slices.DeleteFunc(stored.Objects, added)
	want := slices.DeleteFunc(pgcatalog.NewStored("", read(p.t, conn)).Objects, added)
	for _, d := range pgcatalog.Diff(got, want) {
		p.t.Errorf("migrated database: %s", d)
	}
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func read(t testing.TB, conn *pgx.Conn) pgcatalog.Fingerprint {
	t.Helper()
	print, err := pgcatalog.Read(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return print
}

func at(clock string) func() time.Time {
	now, err := time.Parse("20060102150405", clock)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return now }
}

func wantWords(t testing.TB, what, text string, words []string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
}

// Up is the text of all files in order, Down that of their reverses.
func (p *Plan) Up() string {
	text := ""
	for _, f := range p.Files {
		text += f.Up
	}
	return text
}

func (p *Plan) Down() string {
	text := ""
	for _, f := range p.Files {
		text = f.Down + text
	}
	return text
}

// pool lends scratch databases again after emptying them: making one copies hundreds of files.
var pool = &scratchPool{}

type scratchPool struct {
	source Scratch
	start  sync.Once
	mu     sync.Mutex
	urls   []string
}

// empty drops what tests of this package leave in a database.
const empty = `DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'public') LOOP
    EXECUTE 'DROP SCHEMA ' || name || ' CASCADE';
  END LOOP;
  FOR name IN SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') LOOP
    EXECUTE 'DROP TABLE ' || name || ' CASCADE';
  END LOOP;
  FOR name IN SELECT quote_ident(extname) FROM pg_extension WHERE extname <> 'plpgsql' LOOP
    EXECUTE 'DROP EXTENSION ' || name || ' CASCADE';
  END LOOP;
END
$$`

// Scratch implements Scratch: an empty database and what takes it back.
func (s *scratchPool) Scratch(ctx context.Context) (url string, drop func(), err error) {
	s.mu.Lock()
	if n := len(s.urls); n > 0 {
		url, s.urls = s.urls[n-1], s.urls[:n-1]
	}
	s.mu.Unlock()
	if url == "" {
		if url, _, err = s.source.Scratch(ctx); err != nil {
			return "", nil, err
		}
	}
	return url, func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, empty); err == nil {
			s.mu.Lock()
			s.urls = append(s.urls, url)
			s.mu.Unlock()
		}
	}, nil
}
