package planner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// Scratch lends empty databases: *devdb.Cluster.
type Scratch interface {
	// Scratch returns the URL of a fresh empty database, as the role that owns it, and what drops it again.
	Scratch(ctx context.Context) (url string, drop func(), err error)
}

// database is a scratch database with Atlas' eyes on it.
type database struct {
	url  string
	pool *sql.DB
	atlas.Driver
	drop func()

	conn   *pgx.Conn         // see connection
	filled map[string]string // signature of each column when it was filled
	bare   map[string]string // tables without rows, and why

	samples  map[string][]map[string]string // by table, what the schema says rows may hold
	complied map[string]bool                // constraints that rows keep to although nothing has validated them yet
	pools    map[string]valuePool
	tests    *pgx.Conn // that has the function which evaluates conditions
}

func open(ctx context.Context, scratch Scratch) (*database, error) {
	url, drop, err := scratch.Scratch(ctx)
	if err != nil {
		return nil, fmt.Errorf("get a scratch database: %w", err)
	}
	d := &database{url: url, drop: drop}
	config, err := pgx.ParseConfig(url)
	if err == nil {
		// Compiling the queries that inspect a catalog costs more than running them.
		config.RuntimeParams["jit"] = "off"
		pgcatalog.PinAtStart(config.RuntimeParams, "public")
		d.pool = stdlib.OpenDB(*config)
		d.Driver, err = postgres.Open(d.pool)
	}
	if err != nil {
		d.close()
		return nil, fmt.Errorf("open the scratch database: %w", err)
	}
	return d, nil
}

func (d *database) close() {
	if d.conn != nil {
		_ = d.conn.Close(context.Background())
	}
	if d.pool != nil {
		_ = d.pool.Close()
	}
	d.drop()
}

// load executes the desired state, a plain SQL file.
func (d *database) load(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the desired state: %w", err)
	}
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, string(text), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("execute the desired state %s: %w%s", path, err, place(string(text), err))
	}
	return nil
}

// place is the line of a script that Postgres names in its error, with the statement's beginning; empty when it names none.
func place(script string, err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Position <= 0 {
		return ""
	}
	before := string([]rune(script)[:min(int(pg.Position)-1, len([]rune(script)))])
	line := strings.Count(before, "\n") + 1
	return fmt.Sprintf(" (line %d: %s)", line, strings.TrimSpace(strings.Split(script, "\n")[line-1]))
}

// inspect reads the application's schema as Atlas sees it. Diffing and planning write into what they are given, so every
// use takes a fresh one.
func (d *database) inspect(ctx context.Context) (*schema.Realm, error) {
	realm, err := d.InspectRealm(ctx, &schema.InspectRealmOption{Schemas: []string{pgcatalog.Schema}})
	if err != nil {
		return nil, fmt.Errorf("inspect the scratch database: %w", err)
	}
	return realm, nil
}

// catalog reads what Atlas does not see: the fingerprint of every object and the fences.
func (d *database) catalog(ctx context.Context) (pgcatalog.Fingerprint, []pgcatalog.Table, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, nil, err
	}
	print, err := pgcatalog.Read(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	tables, err := pgcatalog.Tables(ctx, conn)
	return print, tables, err
}

// diffRealms compares two inspected states. Both come from a database, so they are normal already; without saying so,
// Atlas takes a changed CHECK for the same one.
func (d *database) diffRealms(from, to *schema.Realm) ([]schema.Change, error) {
	if err := refusePartitions(from, to); err != nil {
		return nil, err
	}
	changes, err := d.diffGenerated(from, to)
	if err != nil {
		return nil, fmt.Errorf("compare schema states: %w", err)
	}
	return changes, nil
}
