package pg_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

const typesSchema = `
create schema core;
grant usage on schema core to core_app;
create type core.mood as enum ('glad', 'sad');
create domain core.positive as integer check (value > 0);
`

// TestTypes runs one suite on this driver, in each mode, and on Ent's own driver over database/sql: what
// Ent reads and writes must not depend on the driver.
func TestTypes(t *testing.T) {
	t.Parallel()
	empty := dbtest.Empty(t)
	owner := connect(t, empty.OwnerURL)
	mustOwner(t, owner, typesSchema)
	mustOwner(t, owner, `set search_path = core`)
	table := "create table core.types (row text primary key"
	for _, c := range columnTypes() {
		table += fmt.Sprintf(", c_%s %s", c.name, c.sql)
	}
	mustOwner(t, owner, table+`); grant select, insert, update, delete on core.types to core_app`)

	stdlib, err := entsql.Open("pgx", empty.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdlib.Close() })
	drivers := map[string]dialect.Driver{
		"native":           open(t, empty.AppURL).Driver(),
		"native_pgbouncer": open(t, empty.AppURL, func(c *pg.Config) { c.PgBouncer = true }).Driver(),
		"ent_database_sql": renamed(stdlib),
	}
	ctx := pg.WithScope(t.Context(), pg.Scope{Platform: true})
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range columnTypes() {
				if c.special && name == "ent_database_sql" {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					testColumn(t, ctx, driver, name, c)
				})
			}
		})
	}
}

// renamed gives a driver of Ent opened as "pgx" the dialect's name.
func renamed(d *entsql.Driver) dialect.Driver { return entsql.OpenDB(dialect.Postgres, d.DB()) }

// untyped are the drivers that send parameters without knowing their type.
var untyped = map[string]bool{"native_pgbouncer": true}

func testColumn(t *testing.T, ctx context.Context, d dialect.Driver, driverName string, c columnType) {
	insert := fmt.Sprintf(`insert into "core"."types" (row, c_%s) values ($1, $2)`, c.name)
	query := fmt.Sprintf(`select "t1"."c_%[1]s" from "core"."types" as "t1" where row = $1`, c.name)
	args := c.args
	if !untyped[driverName] {
		args = append(args, c.typed...)
	}
	for _, arg := range slices.Clone(args) {
		switch arg := arg.(type) { // which the ORM binds by pointers
		case uuid.UUID:
			args = append(args, &arg)
		case string:
			args = append(args, &arg)
		case int:
			args = append(args, &arg)
		case int64:
			args = append(args, &arg)
		case time.Time:
			args = append(args, &arg)
		}
	}
	for i, arg := range append(args, nil) {
		key := fmt.Sprintf("%s/%s/%d", driverName, c.name, i)
		if n, err := exec(ctx, d, insert, key, arg); err != nil || n != 1 {
			t.Fatalf("write %T: got %d rows and %v, want 1", arg, n, err)
		}
		reads := c.reads
		if arg == nil {
			reads = c.null
		}
		for _, want := range reads {
			dst := reflect.New(reflect.TypeOf(want))
			if ns, ok := dst.Interface().(*entsql.NullScanner); ok {
				ns.S = new(uuid.UUID)
			}
			if err := readOne(ctx, d, query, key, dst.Interface()); err != nil {
				t.Errorf("write %T, read %T: %v", arg, want, err)
				continue
			}
			if diff := cmp.Diff(want, dst.Elem().Interface(), cmp.Comparer(sameInstant), cmp.Comparer(func(a, b link) bool { return a == b })); diff != "" {
				t.Errorf("write %T, read %T (-want +got):\n%s", arg, want, diff)
			}
		}
	}
}

// sameInstant ignores the location, which database/sql leaves local.
func sameInstant(a, b time.Time) bool { return a.Equal(b) }

func readOne(ctx context.Context, d dialect.ExecQuerier, query string, arg, dst any) error {
	var rows entsql.Rows
	if err := d.Query(ctx, query, []any{arg}, &rows); err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	return entsql.ScanOne(rows, dst)
}
