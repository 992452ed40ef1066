package pg_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// record returns the statement as a read of it is recorded.
func record(t *testing.T, db *pg.DB, query string, args ...any) *pg.Recorded {
	t.Helper()
	r, err := db.Record(t.Context(), func(ctx context.Context) error {
		return db.Driver().Query(ctx, query, args, &entsql.Rows{})
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const thingByID = "select name, id from core.things where tenant_id = $1 and id = $2"

func TestRecordingSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record(t, w.db, thingByID, pg.AnyTenant, pg.AnyRow)
	if n := w.db.Pool().Stat().AcquireCount(); n != 0 {
		t.Errorf("got %d connections acquired, want 0", n)
	}
	query := func(ctx context.Context, args ...any) error {
		return w.driver.Query(ctx, thingByID, args, &entsql.Rows{})
	}
	for name, read := range map[string]func(context.Context) error{
		"nothing is read": func(context.Context) error { return nil },
		"two statements": func(ctx context.Context) error {
			_ = query(ctx, pg.AnyTenant)
			return query(ctx, pg.AnyTenant)
		},
		"no tenant":                func(ctx context.Context) error { return query(ctx, pg.AnyRow) },
		"another error":            func(ctx context.Context) error { _ = query(ctx, pg.AnyTenant); return errors.New("mine") },
		"the error is swallowed":   func(ctx context.Context) error { _ = query(ctx, pg.AnyTenant); return nil },
		"another context was used": func(context.Context) error { return query(w.as(t, w.a), w.a, w.thingA) },
	} {
		if _, err := w.db.Record(t.Context(), read); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestRecordedReadsStayInTheirTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := record(t, w.db, thingByID, pg.AnyTenant, pg.AnyRow)
	all := record(t, w.db, "select name, id from core.things where $1::uuid is not null", pg.AnyTenant)
	for _, c := range []struct {
		tenant, row, want uuid.UUID
	}{{w.a, w.thingA, w.thingA}, {w.b, w.thingB, w.thingB}, {w.a, w.thingB, uuid.Nil}} {
		results, err := w.db.Send(w.as(t, c.tenant), pg.Ids{Row: c.row}, nil, one, nil, all)
		if err != nil {
			t.Fatal(err)
		}
		var got uuid.UUID
		for results[0].Next() {
			got = results[0].UUID(1)
			if name := results[0].String(0); name != "same" {
				t.Errorf("got name %q, want same", name)
			}
		}
		if got != c.want {
			t.Errorf("got thing %s, want %s", got, c.want)
		}
		if results[1].Next() || results[1].Len() != 0 {
			t.Error("the read that was not sent has rows")
		}
		if n := results[2].Len(); n != 1 {
			t.Errorf("without a condition: got %d rows, want the tenant's own", n)
		}
		for _, r := range results {
			if err := r.Err(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := w.db.Send(t.Context(), pg.Ids{Row: w.thingA}, nil, one); !errors.Is(err, pg.ErrNoScope) {
		t.Errorf("without a scope: got %v, want ErrNoScope", err)
	}
}

func TestRecordedReadsAreOneRoundTrip(t *testing.T) {
	t.Parallel()
	w, wire := overWire(t)
	one := record(t, w.db, thingByID, pg.AnyTenant, pg.AnyRow)
	if n := wire.Counted(func() {
		if _, err := w.db.Send(w.as(t, w.a), pg.Ids{Row: w.thingA}, nil, one, one, one); err != nil {
			t.Fatal(err)
		}
	}); n != 1 {
		t.Errorf("three reads: got %d round trips, want 1", n)
	}
	if n := wire.Counted(func() {
		if _, err := w.db.Send(w.as(t, w.a), pg.Ids{}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("nothing: got %d round trips, want 0", n)
	}
}

// TestResultReadsEveryColumn reads each column type with Scan and, where there is one, its accessor.
func TestResultReadsEveryColumn(t *testing.T) {
	t.Parallel()
	empty := dbtest.Empty(t)
	owner := connect(t, empty.OwnerURL)
	mustOwner(t, owner, typesSchema)
	db := open(t, empty.AppURL)
	ctx := pg.WithScope(t.Context(), pg.Scope{TenantID: uuid.New()})
	for _, c := range columnTypes() {
		t.Run(c.name, func(t *testing.T) {
			read := func(value any) *pg.Result {
				query := fmt.Sprintf("select v::%s, 'next' from (select $1::%[1]s v, $2::uuid) as x", c.sql)
				results, err := db.Send(ctx, pg.Ids{}, nil, record(t, db, query, value, pg.AnyTenant))
				if err != nil {
					t.Fatal(err)
				}
				if !results[0].Next() {
					t.Fatal("got no row, want 1")
				}
				return &results[0]
			}
			r := read(c.args[0])
			for _, want := range c.reads {
				dst := reflect.New(reflect.TypeOf(want))
				if null, ok := dst.Interface().(*entsql.NullScanner); ok {
					null.S = new(uuid.UUID)
				}
				r.Scan(0, dst.Interface())
				compareColumn(t, want, dst.Elem().Interface())
			}
			compareAccessors(t, c, r)
			if r.String(1) != "next" || r.Err() != nil {
				t.Errorf("got next column %q and %v", r.String(1), r.Err())
			}
			if r := read(nil); !r.IsNull(0) || r.IsNull(1) || r.String(1) != "next" {
				t.Error("NULL was not recognised, or moved its neighbour")
			}
		})
	}
}

func compareAccessors(t *testing.T, c columnType, r *pg.Result) {
	t.Helper()
	switch c.sql {
	case "uuid":
		compareColumn(t, c.reads[0], r.UUID(0))
	case "boolean":
		compareColumn(t, c.reads[0], r.Bool(0))
	case "text":
		compareColumn(t, c.reads[0], r.String(0))
	case "bigint":
		compareColumn(t, c.reads[0], r.Int(0))
	case "smallint", "integer":
		compareColumn(t, fmt.Sprint(c.reads[0]), fmt.Sprint(r.Int(0)))
	case "double precision":
		compareColumn(t, c.reads[0], r.Float(0))
	case "text[]":
		compareColumn(t, c.reads[0], pq.StringArray(r.Texts(0)))
	case "jsonb":
		var want any
		if err := json.Unmarshal(c.reads[0].([]byte), &want); err != nil {
			t.Fatal(err)
		}
		compareColumn(t, want, pg.Decoded[any](r, 0))
	}
}

func compareColumn(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(sameInstant), cmp.Comparer(func(a, b link) bool { return a == b })); diff != "" {
		t.Errorf("read %T (-want +got):\n%s", want, diff)
	}
}

// TestResultSaysWhatItCannotRead asks for a text as a number.
func TestResultSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	results, err := w.db.Send(w.as(t, w.a), pg.Ids{Row: w.thingA}, nil, record(t, w.db, thingByID, pg.AnyTenant, pg.AnyRow))
	if err != nil {
		t.Fatal(err)
	}
	r := &results[0]
	r.Next()
	if n := r.Int(0); n != 0 || r.Err() == nil {
		t.Errorf("got %d and %v, want an error", n, r.Err())
	}
}

// TestTextsAreReadHoweverTheyAreWritten covers the arrays that need quotes, and those that look as if they did not.
func TestTextsAreReadHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for array, want := range map[string][]string{
		"array['a', 'b:c', 'ü']":            {"a", "b:c", "ü"},
		"array['a b', 'c']":                 {"a b", "c"},
		`array['a"b', 'c\d', 'e,f', '{g}']`: {`a"b`, `c\d`, "e,f", "{g}"},
		"array['NULL', 'null', '']":         {"NULL", "null", ""},
		"array[]::text[]":                   {},
		"array['x']::varchar[]":             {"x"},
	} {
		results, err := w.db.Send(w.as(t, w.a), pg.Ids{}, nil, record(t, w.db, "select "+array+" where $1::uuid is not null", pg.AnyTenant))
		if err != nil {
			t.Fatal(err)
		}
		results[0].Next()
		if diff := cmp.Diff(want, results[0].Texts(0)); diff != "" || results[0].Err() != nil {
			t.Errorf("%s (-want +got):\n%s%v", array, diff, results[0].Err())
		}
	}
	results, err := w.db.Send(w.as(t, w.a), pg.Ids{}, nil, record(t, w.db, "select array['a', null] where $1::uuid is not null", pg.AnyTenant))
	if err != nil {
		t.Fatal(err)
	}
	results[0].Next()
	if texts := results[0].Texts(0); !slices.Equal(texts, []string{"a"}) || results[0].Err() != nil {
		t.Errorf("NULL among texts: got %q and %v, want the others", texts, results[0].Err())
	}
}

// TestRecordedReadsNoticeOtherColumns changes a column's name and type between two sendings, as a migration does under a
// running server: what is known of the columns must not be read into the new ones.
func TestRecordedReadsNoticeOtherColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := record(t, w.db, "select * from core.things where tenant_id = $1", pg.AnyTenant)
	send := func() *pg.Result {
		results, err := w.db.Send(w.as(t, w.a), pg.Ids{}, nil, all)
		if err != nil {
			t.Fatal(err)
		}
		results[0].Next()
		return &results[0]
	}
	before := []string{"tenant_id", "id", "name", "amount", "parent_id"}
	for range 2 { // the second one knows the columns of the first
		if r := send(); !r.Has(before) || r.Int(3) != 1 {
			t.Fatalf("got %v and %d, want the columns and the amount", r.Has(before), r.Int(3))
		}
	}
	mustOwner(t, w.owner, `alter table core.things rename amount to price`)
	mustOwner(t, w.owner, `alter table core.things alter price type bigint`)
	after := []string{"tenant_id", "id", "name", "price", "parent_id"}
	if r := send(); r.Has(before) || !r.Has(after) || r.Int(3) != 1 || r.Err() != nil {
		t.Errorf("got columns of before %t, of after %t, %d and %v", r.Has(before), r.Has(after), r.Int(3), r.Err())
	}
}
