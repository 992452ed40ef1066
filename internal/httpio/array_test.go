package httpio_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/httpio"
)

func TestArrSaysWhichElement(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd")
	read := func(text string) (sum int, err error) {
		err = httpio.Arr(jx.DecodeStr(text), func(d *jx.Decoder) error {
			n, err := d.Int()
			if err == nil && n%2 == 1 {
				return odd
			}
			sum += n
			return err
		})
		return sum, err
	}
	for text, want := range map[string]int{"[]": 0, "[2]": 2, "[2, 4, 6]": 12} {
		if got, err := read(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{"[1]": `"0"`, "[2, 4, 5]": `"2"`, `[2, "x"]`: `"1"`} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), "decode field "+want) {
			t.Errorf("%s: got %v, want the element %s", text, err, want)
		}
	}
	if _, err := read("[2, 3]"); !errors.Is(err, odd) {
		t.Errorf("got %v, want the element's own error in it", err)
	}
}
