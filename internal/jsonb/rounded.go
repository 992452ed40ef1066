package jsonb

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-faster/jx"
)

// Rounded finds the first number of a JSON text that a double does not hold to its last digit, or not at all. Whoever reads JSON
// numbers as doubles, this server and JavaScript among them, would store and answer another one (RFC 7493, section 2.2). It
// returns a JSON Pointer to the number. The text must be valid.
func Rounded(text []byte) (pointer string, found bool) {
	pointer, found = rounded(jx.DecodeBytes(text), "")
	return pointer, found
}

var escape = strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901, section 3

func rounded(d *jx.Decoder, at string) (pointer string, found bool) {
	switch d.Next() {
	case jx.Number:
		number, err := d.Num()
		if err == nil && !holds(number.String()) {
			return at, true
		}
	case jx.Object:
		_ = d.Obj(func(d *jx.Decoder, key string) error {
			if found {
				return d.Skip()
			}
			pointer, found = rounded(d, at+"/"+escape.Replace(key))
			return nil
		})
	case jx.Array:
		i := 0
		_ = d.Arr(func(d *jx.Decoder) error {
			if found {
				return d.Skip()
			}
			pointer, found = rounded(d, fmt.Sprintf("%s/%d", at, i))
			i++
			return nil
		})
	default:
		_ = d.Skip()
	}
	return pointer, found
}

// holds reports whether a double written in its shortest form is the number again.
func holds(number string) bool {
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(v, 0) {
		return false
	}
	digits, exponent, ok := scientific(number)
	shortest, shortestExponent, _ := scientific(strconv.FormatFloat(v, 'e', -1, 64))
	return ok && digits == shortest && (digits == "" || exponent == shortestExponent)
}

// scientific is a number's digits without zeros around them, and the power of ten of the last one.
func scientific(number string) (digits string, exponent int, ok bool) {
	mantissa, power, has := strings.Cut(strings.ToLower(strings.TrimPrefix(number, "-")), "e")
	if has {
		var err error
		if exponent, err = strconv.Atoi(strings.TrimPrefix(power, "+")); err != nil {
			return "", 0, false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	return trimmed, exponent - len(fraction) + len(digits) - len(trimmed), true
}
