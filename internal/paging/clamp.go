package paging

import (
	"encoding/json"
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/clamp"
)

// exact returns a key's value in a form that a cursor keeps: encoding/json has none for NaN, infinities and years beyond 9999.
// A page that ended behind the nearest value that it has would be followed by the same rows again, and again.
func exact(value any) any {
	switch v := value.(type) {
	case *time.Time:
		if v != nil {
			return exact(*v)
		}
	case *float64:
		if v != nil {
			return exact(*v)
		}
	case *decimal.Decimal:
		if v != nil {
			return exact(*v)
		}
	case time.Time:
		if !clamp.Time(v).Equal(v) {
			return [2]int64{v.Unix(), int64(v.Nanosecond())}
		}
	case *float32:
		if v != nil {
			return exact(*v)
		}
	case float32:
		if clamp.Float32(v) != v { // NaN is not equal to anything
			return exact(float64(v))
		}
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
	case decimal.Decimal:
		if name := clamp.DecimalName(v); name != "" {
			return name
		}
	}
	return value
}

// inexact is the reverse of exact, for what it has changed.
func inexact(kind Kind, raw json.RawMessage) (any, bool) {
	switch kind {
	case Time:
		var at [2]int64
		if len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &at) == nil {
			return time.Unix(at[0], at[1]).UTC(), true
		}
	case Number, Decimal:
		switch word := string(raw); word {
		case `"NaN"`, `"Infinity"`, `"-Infinity"`:
			return word[1 : len(word)-1], true
		}
	case Text, Boolean, ID, Integer:
	}
	return nil, false
}
