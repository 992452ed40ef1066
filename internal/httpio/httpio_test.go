package httpio_test

import (
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/clamp"
	"github.com/lockstep-dev/lockstep/internal/etag"
	"github.com/lockstep-dev/lockstep/internal/httpio"
)

func TestTimeIsWrittenLikeByItsLayout(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{time.UTC, time.FixedZone("", 0), time.FixedZone("east", 3600+1800), time.FixedZone("west", -5*3600)}
	times := []time.Time{{}, time.Unix(0, 0), time.Date(2024, 2, 29, 23, 59, 59, 999_999_999, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 1000, time.UTC)}
	for range 2000 {
		micros := []int64{0, 1, 10, 100_000, 120_000, rand.Int64N(1_000_000)}[rand.IntN(6)]
		times = append(times, time.Unix(rand.Int64N(1<<33)-1<<32, micros*1000+rand.Int64N(1000)))
	}
	for i, at := range times {
		at = at.In(zones[i%len(zones)])
		e := &jx.Encoder{}
		httpio.Time(e, at)
		if got, want := e.String(), `"`+at.Format("2006-01-02T15:04:05.999999Z07:00")+`"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestSpecialValuesAreWrittenAsTheNearest quotes what a row that only SQL could write was answered: years of five digits, which
// no client reads, and null where the contract has a number.
func TestSpecialValuesAreWrittenAsTheNearest(t *testing.T) {
	t.Parallel()
	e := &jx.Encoder{}
	e.ArrStart()
	for _, at := range []time.Time{clamp.Infinity, clamp.NegativeInfinity, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		httpio.Time(e, at)
	}
	httpio.Float64(e, math.NaN())
	httpio.Float64(e, math.Inf(-1))
	httpio.Float32(e, float32(math.Inf(1)))
	httpio.Float64(e, 0.5)
	e.ArrEnd()
	last, first := `"9999-12-31T23:59:59.999999Z"`, `"0001-01-01T00:00:00Z"`
	if got, want := e.String(), "["+last+","+first+","+last+","+first+`,1.7976931348623157e308,-1.7976931348623157e308,3.4028235e38,0.5]`; strings.ReplaceAll(got, "e+", "e") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// pair is a body in which the place of commas matters.
type pair struct{ at time.Time }

func (p pair) Encode(e *jx.Encoder) {
	e.ArrStart()
	httpio.Time(e, p.at)
	httpio.Time(e, p.at)
	e.ArrEnd()
}

func TestWrite(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	for range 2 { // the second one gets the buffer of the first
		w := httptest.NewRecorder()
		httpio.Header(w, "ETag", etag.Later(7))
		if err := httpio.Write(w, 201, pair{at}); err != nil {
			t.Fatal(err)
		}
		want := `["2024-01-02T03:04:05Z","2024-01-02T03:04:05Z"]`
		if w.Code != 201 || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("Content-Length") != "47" {
			t.Errorf("got %d, %s, %v, want 201, %s and its length", w.Code, w.Body, w.Header(), want)
		}
		if got, want := strings.Join(w.Header()["ETag"], ","), etag.Of(7, pair{at}); got != want { //nolint:staticcheck // SA1008: as the contract writes it
			t.Errorf("got ETag %s, want %s", got, want)
		}
	}
}
