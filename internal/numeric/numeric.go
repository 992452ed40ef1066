// Package numeric reads decimal numbers within bounds. A short text such as one with a large exponent stands for a number
// whose plain notation fills memory; what writes it out, a log, a statement or an answer, would be kept busy by it.
package numeric

import (
	"errors"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// MaxDigits is the most digits on either side of the point that any decimal has: the greatest precision that a column can
// declare (PostgreSQL manual, "Arbitrary Precision Numbers"). A field's own bounds are narrower.
const MaxDigits = 1000

// ErrForm is for a text that is no decimal in plain notation, or one of too many digits.
var ErrForm = errors.New("no decimal number in plain notation")

// Parse reads a decimal: an optional minus, digits without leading zeros, and optionally a point and more digits. The text is
// looked at before anything is converted; an exponent is refused. Its error is ErrForm.
func Parse(text string) (decimal.Decimal, error) {
	whole, fraction, pointed := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if !digits(whole) || len(whole) > 1 && whole[0] == '0' || pointed && !digits(fraction) {
		return decimal.Decimal{}, ErrForm
	}
	v, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, ErrForm
	}
	return v, nil
}

func digits(text string) bool {
	if len(text) == 0 || len(text) > MaxDigits {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// Fits reports whether a number that Parse has read has at most so many digits before and behind the point. A negative whole
// asks for so many zeros right behind the point, as numeric(2,4) does (PostgreSQL manual, "Arbitrary Precision Numbers").
func Fits(v decimal.Decimal, whole, fraction int) bool {
	behind := max(-int(v.Exponent()), 0)
	before := v.NumDigits() + int(v.Exponent())
	return behind <= fraction && (v.IsZero() || before <= whole)
}

// FitsFloat is Fits of the shortest decimal that reads back as the same float64, which is what Postgres is sent.
func FitsFloat(v float64, whole, fraction int) bool {
	d, err := decimal.NewFromString(strconv.FormatFloat(v, 'f', -1, 64))
	return err == nil && Fits(d, whole, fraction)
}

// Text writes a decimal with as many digits behind the point as it has, zeros at its end included: those of a numeric(12,2) are
// two. Decimal.String leaves them out.
func Text(v decimal.Decimal) string {
	if places := -v.Exponent(); places > 0 {
		return v.StringFixed(places)
	}
	return v.String()
}

// ParseInt reads an integer of 64 bits: digits without leading zeros, after a minus for a negative one. Its error is ErrForm, or
// strconv.ErrRange for a number of more bits.
func ParseInt(text string) (int64, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && digits(strings.TrimPrefix(text, "-")) && strings.TrimPrefix(text, "-")[0] != '0':
		return 0, strconv.ErrRange
	case err != nil || strconv.FormatInt(v, 10) != text:
		return 0, ErrForm
	}
	return v, nil
}
