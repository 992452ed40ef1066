package pg_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// fetch sends a statement as Ent would and returns its result.
func (w *world) fetch(t *testing.T, ctx context.Context, b *pg.Budget, query string, args ...any) pg.Result {
	t.Helper()
	result, err := w.db.Fetch(ctx, b, func(ctx context.Context) error {
		return w.driver.Query(ctx, query, append([]any{}, args...), &entsql.Rows{})
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestRowsEndWhereTheirBudgetDoes reads rows of 1,000 characters, which are up to six times as many bytes of JSON.
func TestRowsEndWhereTheirBudgetDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as(t, w.a)
	const rows = `select i, repeat($1, 1000) as text from generate_series(1, 1000) i where $2::uuid is not null order by i`
	for _, c := range []struct {
		character   string
		budget      int64
		least, most int
	}{
		{"a", 1 << 20, 900, 980}, {"a", 2 << 20, 1000, 1000}, {`"`, 1 << 20, 480, 520}, {"\x01", 1 << 20, 160, 175}, {"ü", 1 << 20, 480, 520},
		{"a", 100_000, 80, 100}, {"a", 500, 1, 1}, {"a", 0, 1, 1}, {"a", -5, 1, 1},
	} {
		budget := pg.NewBudget(c.budget)
		got := w.fetch(t, ctx, budget, rows, c.character, w.a)
		if n := got.Len(); n < c.least || n > c.most || got.Cut() != (n < 1000) || budget.Ended() != got.Cut() {
			t.Errorf("%q in %d: got %d rows, cut %t, want %d to %d", c.character, c.budget, n, got.Cut(), c.least, c.most)
		}
		for i := int64(1); got.Next(); i++ {
			if got.Int(0) != i || got.String(1) != strings.Repeat(c.character, 1000) {
				t.Fatalf("got row %d, want %d as it is", got.Int(0), i)
			}
		}
		// What is left is what the next result ends at: nothing, of a budget that has begun.
		if next := w.fetch(t, ctx, budget, rows, c.character, w.a); got.Cut() && next.Len() > 1 {
			t.Errorf("%q in %d: got %d more rows", c.character, c.budget, next.Len())
		}
		got.Release()
		if again := w.fetch(t, ctx, budget, rows, c.character, w.a); again.Len() < got.Len()-1 {
			t.Errorf("%q in %d: got %d rows after the %d before were given back", c.character, c.budget, again.Len(), got.Len())
		}
	}
}

// TestARowIsMeasuredAsLargeAsItIs compares the measure of a row with its JSON, for every kind of value that a column holds.
func TestARowIsMeasuredAsLargeAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for value, asJSON := range map[string]any{
		`''::text`: "", `null::text`: nil, `'plain'::varchar`: "plain", `E'\x01\x02"\\'::text`: "\x01\x02\"\\", `'2026-01-02 03:04:05.123456+00'::timestamptz`: "2026-01-02T03:04:05.123456Z",
		`'12345.6789'::numeric(20,4)`: "12345.6789", `-9223372036854775808`: "-9223372036854775808", `1.7976931348623157e308::float8`: 1.7976931348623157e308, `true`: true,
		`array['a', 'b,c', E'\x01', '']::text[]`: []string{"a", "b,c", "\x01", ""}, `'{"a": "<&>", "b": [1, 2]}'::jsonb`: map[string]any{"a": "<&>", "b": []int{1, 2}},
		`'\x0102030405'::bytea`: []byte{1, 2, 3, 4, 5}, `gen_random_uuid()`: "00000000-0000-0000-0000-000000000000", `'2026-01-02'::date`: "2026-01-02",
	} {
		got := w.fetch(t, w.as(t, w.a), pg.NewBudget(1<<20), `select `+value+` as value_of_row where $1::uuid is not null`, w.a)
		text, err := json.Marshal(map[string]any{"valueOfRow": asJSON})
		if err != nil || !got.Next() || got.Size() < int64(len(text)) || got.Size() > int64(len(text))+130 {
			t.Errorf("%s: got %d bytes, want about the %d of %s", value, got.Size(), len(text), text)
		}
	}
}

// TestEntReadsWithinABudget: what Ent makes rows of ends too, and a read without any budget has a limit that is an error.
func TestEntReadsWithinABudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const query = `select repeat('a', 1000000) from generate_series(1, 100) where $1::uuid is not null`
	var rows entsql.Rows
	within := pg.NewBudget(3_000_000)
	if err := w.driver.Query(pg.WithBudget(w.as(t, w.a), within), query, []any{w.a}, &rows); err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if n != 2 || !within.Ended() {
		t.Errorf("got %d rows, want the 2 that there is room for", n)
	}
	if err := w.driver.Query(w.as(t, w.a), query, []any{w.a}, &rows); err == nil || !strings.Contains(err.Error(), "read it in pages") {
		t.Errorf("got %v, want the advice to read in pages", err)
	}
	// The connection is good for the next statement.
	if n := count(t, w.as(t, w.a), w.driver, "true"); n != 1 {
		t.Errorf("got %d things, want 1", n)
	}
	if _, err := w.db.Fetch(w.as(t, w.a), nil, func(context.Context) error { return errors.New("not sent") }); err == nil {
		t.Error("a read without a statement: got no error")
	}
}

// TestAShortBudgetBeginsAgain: what is of use only as a whole is short once something had no room, also what is always taken.
func TestAShortBudgetBeginsAgain(t *testing.T) {
	t.Parallel()
	b := pg.NewBudget(100)
	b.Take(60)
	for _, whole := range []bool{false, true} {
		b.Retry(60, whole)
		if b.Take(50); b.Short() != whole || !b.Ended() || b.Used() != 60 {
			t.Errorf("whole %v: got short %v, %d used", whole, b.Short(), b.Used())
		}
		b.Retry(60, whole)
		if b.Force(50); b.Short() != whole || !b.Ended() || b.Used() != 110 {
			t.Errorf("whole %v, forced: got short %v, %d used", whole, b.Short(), b.Used())
		}
	}
	if b.Retry(30, true); b.Short() || b.Ended() || b.Used() != 30 || !b.Take(70) {
		t.Errorf("got short %v, %d used, want it to have begun again", b.Short(), b.Used())
	}
}
