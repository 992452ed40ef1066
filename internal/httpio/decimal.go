package httpio

import (
	"github.com/go-faster/jx"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/numeric"
)

// Decimal reads a decimal of a body, whose text is bounded before it becomes a number. Its error is numeric.ErrForm.
func Decimal(d *jx.Decoder) (decimal.Decimal, error) {
	text, err := d.Str()
	if err != nil {
		return decimal.Decimal{}, err
	}
	return numeric.Parse(text)
}

// WriteDecimal writes a decimal with all digits that it has, zeros at the end included: 119.00 of a numeric(12,2).
func WriteDecimal(e *jx.Encoder, v decimal.Decimal) { e.Str(numeric.Text(v)) }

// Int64 reads an integer that is a text. Its error is numeric.ErrForm, for any other form than -1, 0, 1 as well, or
// strconv.ErrRange.
func Int64(d *jx.Decoder) (int64, error) {
	text, err := d.Str()
	if err != nil {
		return 0, err
	}
	return numeric.ParseInt(text)
}
