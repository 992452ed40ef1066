package paging_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/clamp"
	"github.com/lockstep-dev/lockstep/internal/paging"
)

// TestCursorsKeepSpecialValues sends each value through a cursor: with the nearest one that JSON has in its place, the page
// behind an infinite time would begin with the same row again, and again.
func TestCursorsKeepSpecialValues(t *testing.T) {
	t.Parallel()
	nan, _ := clamp.Decimal("NaN")
	negative, _ := clamp.Decimal("-Infinity")
	far := time.Date(20000, 1, 2, 3, 4, 5, 6000, time.UTC)
	for _, c := range []struct {
		kind  paging.Kind
		value any
		bound string
	}{
		{paging.Time, clamp.Infinity, clamp.Infinity.String()}, {paging.Time, &clamp.NegativeInfinity, clamp.NegativeInfinity.String()},
		{paging.Time, far, far.String()}, {paging.Time, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "2026-01-02 00:00:00 +0000 UTC"},
		{paging.Number, math.NaN(), "NaN"}, {paging.Number, math.Inf(1), "Infinity"}, {paging.Number, float32(math.Inf(-1)), "-Infinity"},
		{paging.Number, float32(0.3), "0.3"}, {paging.Number, -math.MaxFloat64, "-1.7976931348623157e+308"}, {paging.Number, int64(math.MinInt64), "-9223372036854775808"},
		{paging.Integer, int64(math.MinInt64), "-9223372036854775808"}, {paging.Integer, 7, "7"},
		{paging.Decimal, nan, "NaN"}, {paging.Decimal, &negative, "-Infinity"}, {paging.Decimal, decimal.RequireFromString("-12.50"), "-12.5"},
	} {
		o, err := paging.Parse(t.Context(), []paging.Key{{Name: "key", Column: "key", Kind: c.kind, Nullable: true}}, []string{"key"})
		if err != nil {
			t.Fatal(err)
		}
		cursor := o.Encode("things", nil, uuid.Must(uuid.NewV7()), func(string) any { return c.value })
		after, err := o.Decode("things", nil, cursor)
		if err != nil {
			t.Errorf("%v: %v", c.value, err)
			continue
		}
		s := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("things"))
		after(s)
		if _, args := s.Query(); fmt.Sprint(args[0]) != c.bound {
			t.Errorf("%v: got %v bound, want %s", c.value, args[0], c.bound)
		}
	}
}

// TestForgedNumbersAreRefused before Postgres, or whatever writes them out, sees them.
func TestForgedNumbersAreRefused(t *testing.T) {
	t.Parallel()
	for kind, values := range map[paging.Kind][]string{
		paging.Integer: {"1.5", "1e1", `"1"`, "9223372036854775808", "true", `[1]`},
		paging.Number:  {strings.Repeat("9", 33), `"1"`, `1e309`, `"nan"`, `true`},
		paging.Decimal: {`"1e9"`, `"` + strings.Repeat("9", 1001) + `"`, `"x"`, `1`},
		paging.Time:    {`[1]x`, `"infinity"`, `1`, `"2026-01-01T00:00:00,5Z"`, `"2026-01-01T00:00:00+24:00"`, `"2026-01-01T0:00:00Z"`, `"2016-12-31T23:59:60Z"`},
	} {
		o, err := paging.Parse(t.Context(), []paging.Key{{Name: "key", Column: "key", Kind: kind}}, []string{"key"})
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			id, _ := json.Marshal(uuid.Must(uuid.NewV7()))
			forged := fmt.Sprintf(`{"l":"things","o":"","k":[%s],"a":%s}`, value, id)
			if _, err := o.Decode("things", []byte{}, base64.RawURLEncoding.EncodeToString([]byte(forged))); err == nil {
				t.Errorf("kind %v: %.40s is taken", kind, value)
			}
		}
	}
}
