// Package clamp answers values that Postgres stores and the contract cannot express with the nearest that it can: infinite times, years
// beyond 9999, NaN, NULL in an array, JSON of another shape. CHECKs keep them out, yet SQL can drop a CHECK. Their order in a list
// stays that of the database.
package clamp

import (
	"encoding/json"
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// Times beyond all that Postgres has, which stand for its infinity and -infinity. Between them and the years 1 to 9999 a time
// is what the database holds.
var (
	Infinity         = time.Unix(1<<53, 0).UTC()
	NegativeInfinity = time.Unix(-1<<53, 0).UTC()
)

// The first and the last instant that RFC 3339 writes, in microseconds.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// Time returns the nearest time that an answer can show.
func Time(t time.Time) time.Time {
	switch {
	case t.After(lastTime):
		return lastTime
	case t.Before(firstTime):
		return firstTime
	}
	return t
}

// Float returns the nearest number that JSON has; NaN is the greatest, as in Postgres' order.
func Float(v float64) float64 {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 1):
		return math.MaxFloat64
	case math.IsInf(v, -1):
		return -math.MaxFloat64
	}
	return v
}

// Float32 is Float of a real.
func Float32(v float32) float32 {
	return float32(max(min(Float(float64(v)), math.MaxFloat32), -math.MaxFloat32))
}

// Int returns the nearest integer of a type that is narrower than its column.
func Int[T int8 | uint | uint8 | uint16 | uint32 | uint64](n int64) T {
	v := T(n)
	if int64(v) == n && (n < 0) == (v < 0) {
		return v
	}
	most := ^T(0) // -1 of the signed one
	signed := most < 0
	least, limit := int64(-128), int64(127)
	switch {
	case n < 0 && signed:
		return T(least)
	case n < 0:
		return 0
	case signed:
		return T(limit)
	}
	return most
}

// Exponents of decimals that stand for what no decimal is. None that Postgres stores comes near them.
const (
	infinite    = 1 << 20
	notANumber  = infinite + 1
	farthestOne = infinite - 1
)

// Decimal returns the decimal that stands for a special value of numeric, by Postgres' name for it.
func Decimal(name string) (decimal.Decimal, bool) {
	switch name {
	case "NaN":
		return decimal.New(1, notANumber), true
	case "Infinity":
		return decimal.New(1, infinite), true
	case "-Infinity":
		return decimal.New(-1, infinite), true
	}
	return decimal.Decimal{}, false
}

// DecimalName is the reverse of Decimal; empty for a number.
func DecimalName(v decimal.Decimal) string {
	switch {
	case v.Exponent() <= farthestOne:
		return ""
	case v.Exponent() == notANumber:
		return "NaN"
	case v.Sign() < 0:
		return "-Infinity"
	}
	return "Infinity"
}

// Within returns a number as it is, and for a special value the nearest one of so many digits before and behind the point.
func Within(v decimal.Decimal, whole, fraction int) decimal.Decimal {
	if v.Exponent() <= farthestOne {
		return v
	}
	most := decimal.New(1, int32(whole)).Sub(decimal.New(1, -int32(fraction)))
	if v.Sign() < 0 {
		return most.Neg()
	}
	return most
}

// JSON decodes what a json or jsonb column holds into dst. Members of another type than dst has are left out.
func JSON(text []byte, dst any) {
	// Of valid JSON, which the column's type guarantees, Unmarshal decodes what it can before it answers an error.
	_ = json.Unmarshal(text, dst)
}
