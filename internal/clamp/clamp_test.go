package clamp_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/clamp"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{}`: {}, `{a,b}`: {"a", "b"}, `{a,NULL,b}`: {"a", "b"}, `{"NULL",null}`: {"NULL", "null"}, `{"a,b","c\"d\\e",""}`: {"a,b", `c"d\e`, ""},
		`{{a,b},{c,NULL}}`: {"a", "b", "c"}, `[2:3]={a,b}`: {"a", "b"}, `{NULL}`: {}, `{" x ","{}"}`: {" x ", "{}"},
	} {
		if got := clamp.Texts(text); !slices.Equal(got, want) || got == nil {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Time]string{
		clamp.Infinity: "9999-12-31T23:59:59.999999Z", clamp.NegativeInfinity: "0001-01-01T00:00:00Z",
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC):                      "9999-12-31T23:59:59.999999Z",
		time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC):                        "0001-01-01T00:00:00Z",
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC):        "9999-12-31T23:59:59.999999Z",
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC):                          "0001-01-01T00:00:00Z",
		time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC):                    "2026-01-02T03:04:05.000006Z",
		time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -2*3600)): "9999-12-31T23:59:59.999999Z",
	} {
		if got := clamp.Time(in).UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
	for in, want := range map[float64]float64{math.Inf(1): math.MaxFloat64, math.Inf(-1): -math.MaxFloat64, 0.1: 0.1} {
		if got := clamp.Float(in); got != want {
			t.Errorf("%v: got %v, want %v", in, got, want)
		}
	}
	if got := clamp.Float(math.NaN()); got != math.MaxFloat64 {
		t.Errorf("NaN: got %v", got)
	}
	if got := clamp.Float32(float32(math.Inf(-1))); got != -math.MaxFloat32 {
		t.Errorf("-Infinity of a real: got %v", got)
	}
	for name, want := range map[string]string{"NaN": "9999999999.99", "Infinity": "9999999999.99", "-Infinity": "-9999999999.99"} {
		v, ok := clamp.Decimal(name)
		if got := clamp.Within(v, 10, 2); !ok || got.String() != want || clamp.DecimalName(v) != name {
			t.Errorf("%s: got %s, named %q", name, got, clamp.DecimalName(v))
		}
	}
	if got := []any{clamp.Int[int8](300), clamp.Int[int8](-300), clamp.Int[int8](-5), clamp.Int[uint8](256), clamp.Int[uint32](-1), clamp.Int[uint64](7)}; !slices.Equal(got, []any{int8(127), int8(-128), int8(-5), uint8(255), uint32(0), uint64(7)}) {
		t.Errorf("integers: got %v", got)
	}
	large := decimal.RequireFromString("123456789012345.678")
	if got := clamp.Within(large, 10, 2); !got.Equal(large) || clamp.DecimalName(large) != "" {
		t.Errorf("a number beyond its digits: got %s, want it as it is", got)
	}
}
