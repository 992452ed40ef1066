package httpio_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/httpio"
)

// TestPlainSlices has what encoding/json writes in another form: `[null]` was stored as `["bnVsbA=="]`, and a time with nanoseconds.
func TestPlainSlices(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", 7200))
	for want, from := range map[string]any{
		`[null,{"a": 1},1e2]`:                  &[]jx.Raw{jx.Raw("null"), jx.Raw(`{"a": 1}`), jx.Raw("1e2")},
		`[[1],[]]`:                             &[][]jx.Raw{{jx.Raw("1")}, {}},
		`[]`:                                   &[]jx.Raw{},
		`"x"`:                                  ref(jx.Raw(`"x"`)),
		`["2026-01-02T03:04:05.123456+02:00"]`: &[]time.Time{at},
		`["AP8="]`:                             &[][]byte{{0, 255}},
		`[[1,2]]`:                              &[][]int{{1, 2}},
		`["a","\""]`:                           &[]string{"a", `"`},
		`null`:                                 ref([]jx.Raw(nil)),
	} {
		text, err := httpio.Text(from)
		if err != nil || string(text) != want {
			t.Errorf("%T: got %s (%v), want %s", from, text, err, want)
		}
		back := reflect.New(reflect.TypeOf(from).Elem()).Interface()
		if err := httpio.Read([]byte(want), back); err != nil {
			t.Errorf("read %s: %v", want, err)
		}
		if again, err := httpio.Text(back); err != nil || string(again) != want {
			t.Errorf("read %s: got %s (%v)", want, again, err)
		}
	}
	if err := httpio.Read([]byte(`{"a": 1}`), &[]jx.Raw{}); err == nil {
		t.Error("an object is read as a list")
	}
}

func ref[T any](v T) *T { return &v }
