package planner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

const repository = "../.."

// cliMajor is the newest Postgres that the CLI can inspect; of newer ones it asks for a column that they have not.
const cliMajor = 15

// cli is the real Atlas CLI that tools/go.mod pins. Go builds it once and keeps it in its cache.
var cli struct {
	sync.Once
	path string
	err  error
}

func atlasCLI(t testing.TB) string {
	t.Helper()
	cli.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
		defer cancel()
		build := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "-n", "atlas")
		build.Dir = repository
		build.Stderr = os.Stderr
		var out []byte
		out, cli.err = build.Output()
		cli.path = strings.TrimSpace(string(out))
	})
	if cli.err != nil {
		t.Fatalf("build the Atlas CLI: %v", cli.err)
	}
	return cli.path
}

// checkout is a copy of what the CLI reads: atlas.hcl, the desired state and the migrations.
type checkout struct {
	t      testing.TB
	dir    string
	target dbtest.Database
}

func newCheckout(t testing.TB) *checkout {
	t.Helper()
	c := &checkout{t: t, dir: t.TempDir(), target: dbtest.EmptyOn(t, cliMajor)}
	if err := os.CopyFS(filepath.Join(c.dir, "migrations"), os.DirFS(filepath.Join(repository, "migrations"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"atlas.hcl", "ent/schema.sql"} {
		c.write(name, c.readFrom(repository, name))
	}
	return c
}

func (c *checkout) readFrom(root, name string) string {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

func (c *checkout) write(name, content string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// atlas runs the CLI with a scratch database, as `lockstep scratch -- atlas …` does.
func (c *checkout) atlas(arguments ...string) (output string, err error) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), atlasCLI(c.t), arguments...)
	command.Dir = c.dir
	command.Env = append(os.Environ(), "LOCKSTEP_SCRATCH_URL="+dbtest.EmptyOn(c.t, cliMajor).OwnerURL, "LOCKSTEP_MIGRATE_DATABASE_URL="+c.target.OwnerURL, "ATLAS_NO_UPDATE_NOTIFIER=1")
	out, err := command.CombinedOutput()
	return string(out), err
}

func (c *checkout) mustAtlas(want string, arguments ...string) {
	c.t.Helper()
	out, err := c.atlas(arguments...)
	if err != nil || !strings.Contains(out, want) {
		c.t.Errorf("atlas %s: got %v, want %q in\n%s", strings.Join(arguments, " "), err, want, out)
	}
}

func (c *checkout) options() migrate.Options {
	return migrate.Options{Dir: os.DirFS(filepath.Join(c.dir, "migrations")), URL: c.target.OwnerURL}
}

// number of migration files.
func (c *checkout) count() int {
	c.t.Helper()
	names, err := filepath.Glob(filepath.Join(c.dir, "migrations", "*.sql"))
	if err != nil {
		c.t.Fatal(err)
	}
	return len(names)
}

func TestCLIFindsNoDifference(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"local", "ci"} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			files := c.count()
			c.mustAtlas("no changes to be made", "migrate", "diff", "probe", "--env", env)
			c.mustAtlas("", "migrate", "validate", "--env", env)
			if c.count() != files {
				t.Error("the CLI planned a migration")
			}
			c.write("ent/schema.sql", c.readFrom(repository, "ent/schema.sql")+`ALTER TABLE "core"."users" ADD COLUMN "planted" bigint NULL;`)
			if out, err := c.atlas("migrate", "diff", "probe", "--env", env); err != nil || c.count() != files+1 {
				t.Errorf("a planted column: got %v, %d new files, want one\n%s", err, c.count()-files, out)
			}
			if err := os.Remove(filepath.Join(c.dir, "migrations", "atlas.sum")); err != nil {
				t.Fatal(err)
			}
			if out, err := c.atlas("migrate", "validate", "--env", env); err == nil {
				t.Errorf("a directory without sums is valid to the CLI:\n%s", out)
			}
		})
	}
}

func TestCLIApplies(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.mustAtlas("Migrating to version", "migrate", "apply", "--env", "local")
	state, err := migrate.Verify(t.Context(), c.options())
	if err != nil || !state.Clean() || len(state.Applied) != c.count() {
		t.Errorf("after the CLI: got %+v, %v; want a clean database", state, err)
	}
	result, err := migrate.Up(t.Context(), c.options())
	if err != nil || len(result.Files) != 0 {
		t.Errorf("up after the CLI: got %+v, %v; want nothing to do", result, err)
	}
	if s, err := migrate.Stand(t.Context(), connect(t, c.target.AppURL), state.Latest); s.Newest != state.Latest || !s.Holds || !s.Complete || err != nil {
		t.Errorf("as the application: got %+v, %v; want %q, complete", s, err, state.Latest)
	}
	if _, err := migrate.Down(t.Context(), c.options(), migrate.Nothing); err != nil {
		t.Errorf("undo what the CLI applied: %v", err)
	}
	c.mustAtlas("Migrating to version", "migrate", "apply", "--env", "local")
}

func TestCLIAcceptsOurs(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if _, err := migrate.Up(t.Context(), c.options()); err != nil {
		t.Fatal(err)
	}
	before := read(t, connect(t, c.target.OwnerURL))
	c.mustAtlas("Migration Status: OK", "migrate", "status", "--env", "ci")
	c.mustAtlas("No migration files to execute", "migrate", "apply", "--env", "ci")
	if after := read(t, connect(t, c.target.OwnerURL)); len(after) != len(before) {
		t.Errorf("the CLI changed the database: %d objects, want %d", len(after), len(before))
	}
	// The CLI would alter a revision table that is not like its own.
	var columns string
	query := `SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum)
FROM pg_attribute WHERE attrelid = 'atlas_schema_revisions.atlas_schema_revisions'::regclass AND attnum > 0`
	if err := connect(t, c.target.OwnerURL).QueryRow(t.Context(), query).Scan(&columns); err != nil || strings.Contains(columns, "dropped") {
		t.Errorf("revision table: got %s, %v; want the columns we made", columns, err)
	}
	other := newCheckout(t)
	other.mustAtlas("Migrating to version", "migrate", "apply", "--env", "ci")
	var theirs string
	if err := connect(t, other.target.OwnerURL).QueryRow(t.Context(), query).Scan(&theirs); err != nil || theirs != columns {
		t.Errorf("revision table: got %s; the CLI makes %s (%v)", columns, theirs, err)
	}
}

// A file that one of the two began is finished by the other.
func TestCLIAndWeResumeEachOther(t *testing.T) {
	t.Parallel()
	const wrong, right = "-- atlas:txmode none\n\nCREATE TABLE t (a int);\nCREATE INDEX i ON t (nope);\nINSERT INTO t VALUES (1);\n",
		"-- atlas:txmode none\n\nCREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nINSERT INTO t VALUES (1);\n"
	for name, order := range map[string][]string{"we begin": {"we", "cli"}, "the CLI begins": {"cli", "we"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			apply := func(who string) error {
				if who == "we" {
					_, err := migrate.Up(t.Context(), c.options())
					return err
				}
				_, err := c.atlas("migrate", "apply", "--env", "local")
				return err
			}
			file := "migrations/20990101000000_x.sql"
			for i, text := range []string{wrong, right} {
				c.write(file, text)
				if _, err := Hash(filepath.Join(c.dir, "migrations")); err != nil {
					t.Fatal(err)
				}
				if err := apply(order[i]); (err != nil) != (i == 0) {
					t.Fatalf("%s, attempt %d: got %v", order[i], i+1, err)
				}
				if i == 0 {
					c.mustAtlas("1 statements applied", "migrate", "status", "--env", "local")
					if state, err := migrate.Status(t.Context(), c.options()); err != nil || len(state.Pending) != 1 || state.Pending[0].Applied != 1 {
						t.Errorf("half way: got %+v, %v; want one statement applied", state, err)
					}
				}
			}
			c.mustAtlas("Migration Status: OK", "migrate", "status", "--env", "local")
			state, err := migrate.Status(t.Context(), c.options())
			if err != nil || len(state.Pending) > 0 {
				t.Errorf("at the end: got %+v, %v; want nothing pending", state, err)
			}
			var rows int
			if err := connect(t, c.target.OwnerURL).QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&rows); err != nil || rows != 1 {
				t.Errorf("got %d rows, %v; want each statement run once", rows, err)
			}
		})
	}
}

// While we migrate, the CLI does not, and the other way round: the lock is the same.
func TestCLIRespectsOurLock(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	gate := connect(t, c.target.OwnerURL)
	if _, err := gate.Exec(t.Context(), "SELECT pg_advisory_lock(99)"); err != nil {
		t.Fatal(err)
	}
	c.write("migrations/20990101000000_x.sql", "SELECT pg_advisory_xact_lock(99);\n")
	if _, err := Hash(filepath.Join(c.dir, "migrations")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	inside := make(chan struct{})
	go func() {
		o := c.options()
		o.LockTimeout = time.Hour
		o.Log = func(format string, args ...any) {
			if len(args) > 0 && args[0] == "20990101000000_x.sql" && strings.Contains(format, "statements") {
				close(inside)
			}
		}
		_, err := migrate.Up(t.Context(), o)
		done <- err
	}()
	select {
	case <-inside:
	case err := <-done:
		t.Fatalf("our run ended before its last file: %v", err)
	}
	if out, err := c.atlas("migrate", "apply", "--env", "local", "--lock-timeout", "10ms"); err == nil || !strings.Contains(out, "acquiring database lock") {
		t.Errorf("got %v, want the CLI kept out\n%s", err, out)
	}
	if _, err := gate.Exec(t.Context(), "SELECT pg_advisory_unlock(99)"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The CLI goes on behind a checkpoint as we do, makes a fresh database by it, and is kept from one that is behind.
func TestCLIReadsCheckpoint(t *testing.T) {
	t.Parallel()
	whole, behind := newCheckout(t), newCheckout(t)
	whole.mustAtlas("Migrating to version", "migrate", "apply", "--env", "local")
	behind.mustAtlas("Migrating to version", "migrate", "apply", "3", "--env", "local")
	o := Options{Migrations: filepath.Join(whole.dir, "migrations"), Scratch: pool}
	pool.start.Do(func() { pool.source = dbtest.Cluster(t) })
	c, err := NewCheckpoint(t.Context(), o, CheckpointOptions{Release: "v4.5.6"})
	if err != nil {
		t.Fatal(err)
	}
	for _, checkout := range []*checkout{whole, behind} {
		if _, err := WriteCheckpoint(Options{Migrations: filepath.Join(checkout.dir, "migrations")}, c); err != nil {
			t.Fatal(err)
		}
	}
	whole.mustAtlas("", "migrate", "validate", "--env", "local")
	whole.mustAtlas("no changes to be made", "migrate", "diff", "probe", "--env", "local")
	whole.mustAtlas("Migration Status: OK", "migrate", "status", "--env", "local")
	whole.mustAtlas("No migration files to execute", "migrate", "apply", "--env", "local")
	if state, err := migrate.Verify(t.Context(), whole.options()); err != nil || !state.Clean() {
		t.Errorf("a database with the old files: got %+v, %v; want it clean", state.Problems, err)
	}
	if out, err := behind.atlas("migrate", "apply", "--env", "local"); err == nil || !strings.Contains(out, "run those of release v4.5.6") {
		t.Errorf("a database that is behind: got %v, want it refused with the release\n%s", err, out)
	}
	before := read(t, connect(t, whole.target.OwnerURL))
	whole.target = dbtest.EmptyOn(t, cliMajor)
	whole.mustAtlas("Migrating to version", "migrate", "apply", "--env", "local")
	if state, err := migrate.Verify(t.Context(), whole.options()); err != nil || !state.Clean() {
		t.Errorf("a fresh database: got %+v, %v; want it clean", state.Problems, err)
	}
	if diff := pgcatalog.Diff(read(t, connect(t, whole.target.OwnerURL)), before); len(diff) > 0 {
		t.Errorf("a fresh database differs: %v", diff)
	}
}
