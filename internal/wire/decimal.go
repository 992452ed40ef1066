package wire

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
