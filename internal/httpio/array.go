package httpio

import (
	"fmt"

	"github.com/go-faster/jx"
)

// Arr reads an array. An error says which element it is about, in the form in which ogen says which member of an object:
// without it, what is wrong could not be pointed to.
func Arr(d *jx.Decoder, element func(*jx.Decoder) error) error {
	i := 0
	return d.Arr(func(d *jx.Decoder) error {
		if err := element(d); err != nil {
			return fmt.Errorf("decode field \"%d\": %w", i, err)
		}
		i++
		return nil
	})
}
