package httpio

import (
	"errors"

	"github.com/go-faster/jx"
)

// errNull is for a null where the contract has no null.
var errNull = errors.New("null is no base64")

// Base64 reads bytes that are not null, which jx takes for none.
func Base64(d *jx.Decoder) ([]byte, error) {
	if d.Next() == jx.Null {
		return nil, errNull
	}
	return d.Base64()
}
