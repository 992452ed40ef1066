// Command loadbench applies planned migrations to a table of many rows while clients read and write it, and says how long
// any statement of a client took:
//
//	go run ./internal/planner/loadbench -rows 1000000
//
// The plan is the planner's own: a required column, a column that becomes required, two indexes, a foreign key, a CHECK and
// a wider type. The figures depend on the machine; the bounds do not: no statement waits for a lock for longer than the
// lock timeout, and none is refused.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "rows in the table")
	clients := flag.Int("clients", 4, "clients that read and as many that write")
	timeout := flag.Duration("lock-timeout", time.Second, "how long a migration's statement may wait for a lock")
	flag.Parse()
	if err := run(context.Background(), *rows, *clients, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const before = `CREATE SCHEMA "core";
CREATE TABLE "core"."tenants" ("id" uuid NOT NULL, "slug" text NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE "core"."users" (
  "tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "number" bigint NOT NULL, "email" character varying(100) NOT NULL, "note" text NULL, "manager_id" uuid NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "users_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id"));
CREATE INDEX "users_number" ON "core"."users" ("number");
`

// change is the edit of the desired state whose plan is measured.
func change(schema string) string {
	return strings.NewReplacer(
		`"note" text NULL`, `"note" text NOT NULL DEFAULT ''`,
		`"email" character varying(100)`, `"email" character varying(200)`,
		`"manager_id" uuid NULL,`, `"manager_id" uuid NULL, "score" bigint NOT NULL DEFAULT 0,
  CONSTRAINT "users_email_check" CHECK (char_length("email"::text) >= 1),
  CONSTRAINT "users_manager_fkey" FOREIGN KEY ("tenant_id", "manager_id") REFERENCES "core"."users" ("tenant_id", "id"),`,
	).Replace(schema) + `CREATE UNIQUE INDEX "users_email_key" ON "core"."users" ("tenant_id", "email");
CREATE INDEX "users_manager_idx" ON "core"."users" ("tenant_id", "manager_id");
`
}

func run(ctx context.Context, rows, clients int, timeout time.Duration) (err error) {
	cluster, err := devdb.Start(ctx, devdb.Options{Ephemeral: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	dir, err := os.MkdirTemp("", "loadbench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o := planner.Options{Schema: filepath.Join(dir, "schema.sql"), Migrations: filepath.Join(dir, "migrations"), Scratch: cluster}
	plan := func(schema, name string) error {
		if err := os.WriteFile(o.Schema, []byte(schema), 0o644); err != nil {
			return err
		}
		p, err := planner.New(ctx, o, name)
		if err != nil {
			return err
		}
		_, err = planner.Write(o, p)
		return err
	}
	if err := plan(before, "init"); err != nil {
		return err
	}
	url, drop, err := cluster.Scratch(ctx)
	if err != nil {
		return err
	}
	defer drop()
	if _, err := migrate.Up(ctx, migrate.Options{Dir: os.DirFS(o.Migrations), URL: url}); err != nil {
		return err
	}
	if err := fill(ctx, url, rows); err != nil {
		return err
	}
	if err := plan(change(before), "change"); err != nil {
		return err
	}
	quiet, err := measure(ctx, url, rows, clients, func() error { time.Sleep(5 * time.Second); return nil })
	if err != nil {
		return err
	}
	fmt.Printf("no migration:      %s\n", quiet)
	var took time.Duration
	busy, err := measure(ctx, url, rows, clients, func() error {
		start := time.Now()
		_, err := migrate.Up(ctx, migrate.Options{Dir: os.DirFS(o.Migrations), URL: url, LockTimeout: timeout, Log: func(format string, args ...any) {
			fmt.Printf("    "+format+"\n", args...)
		}})
		took = time.Since(start)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("during migration:  %s\nthe migration took %s, %d rows, lock timeout %s\n", busy, took.Round(time.Millisecond), rows, timeout)
	if busy.errors > 0 {
		return fmt.Errorf("%d statements of clients were refused: %s", busy.errors, busy.why)
	}
	if busy.locked > timeout {
		return fmt.Errorf("a client's statement waited %s for a lock, more than the lock timeout", busy.locked)
	}
	return nil
}

func fill(ctx context.Context, url string, rows int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, fmt.Sprintf(`INSERT INTO core.tenants SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 't' || n FROM generate_series(0, 99) n;
INSERT INTO core.users (tenant_id, id, number, email, note) SELECT ('00000000-0000-0000-0000-' || lpad((n %% 100)::text, 12, '0'))::uuid, gen_random_uuid(), n, n || '@example.com',
  CASE WHEN n %% 2 = 0 THEN 'note' END FROM generate_series(1, %d) n;
ANALYZE core.users`, rows), pgx.QueryExecModeSimpleProtocol)
	return err
}

// figures are about the clients' statements.
type figures struct {
	statements, errors   int
	why                  string // of the last refusal
	median, p99, longest time.Duration
	// locked is the longest time for which one of them was seen waiting for a lock; the rest is processor and disk.
	locked time.Duration
}

func (f figures) String() string {
	return fmt.Sprintf("%d statements, %d refused %s, median %s, 99 %% below %s, longest %s, of which at most %s behind a lock", f.statements, f.errors, f.why, f.median, f.p99, f.longest, f.locked)
}

// measure runs clients while f runs.
func measure(ctx context.Context, url string, rows, clients int, f func() error) (figures, error) {
	ctx, stop := context.WithCancel(ctx)
	var mu sync.Mutex
	var all []time.Duration
	var out figures
	var failure error
	var wg sync.WaitGroup
	for i := range 2 * clients {
		wg.Go(func() {
			conn, err := client(ctx, url)
			if err != nil {
				mu.Lock()
				failure = errors.Join(failure, err)
				mu.Unlock()
				return
			}
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
			var own []time.Duration
			refused, why := 0, ""
			for ctx.Err() == nil {
				n := 1 + rand.IntN(rows)
				start := time.Now()
				switch {
				case i%2 == 0:
					var email string
					err = conn.QueryRow(ctx, "SELECT email FROM core.users WHERE number = $1", n).Scan(&email)
				case n%4 == 0:
					_, err = conn.Exec(ctx, "INSERT INTO core.users (tenant_id, id, number, email) SELECT id, gen_random_uuid(), $1, gen_random_uuid() || '@x' FROM core.tenants WHERE slug = 't1'", n)
				default:
					_, err = conn.Exec(ctx, "UPDATE core.users SET number = number WHERE number = $1", n)
				}
				if ctx.Err() != nil {
					break
				}
				own = append(own, time.Since(start))
				if err != nil {
					refused++
					why = err.Error()
				}
			}
			mu.Lock()
			all = append(all, own...)
			out.errors += refused
			out.why = cmp.Or(why, out.why)
			mu.Unlock()
		})
	}
	wg.Go(func() {
		locked, err := watch(ctx, url)
		mu.Lock()
		out.locked, failure = locked, errors.Join(failure, err)
		mu.Unlock()
	})
	err := f()
	stop()
	wg.Wait()
	if err = errors.Join(err, failure); err != nil || len(all) == 0 {
		return figures{}, errors.Join(err, ctx.Err())
	}
	slices.Sort(all)
	out.statements, out.median, out.p99, out.longest = len(all), all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	return out, nil
}

const clientName = "loadbench client"

func client(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = clientName
	// A kept plan is refused once when a column it reads gets another type, a wider varchar too.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return pgx.ConnectConfig(ctx, config)
}

// watch asks again and again how long clients have been waiting for a lock, and returns the longest.
func watch(ctx context.Context, url string) (longest time.Duration, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for ctx.Err() == nil {
		var seconds float64
		err := conn.QueryRow(ctx, `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8
FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.application_name = $1`, clientName).Scan(&seconds)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return longest, err
		}
		longest = max(longest, time.Duration(seconds*float64(time.Second)))
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return longest, nil
}
