package jsonb_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/jsonb"
)

func TestRounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a": 9007199254740993}`: "/a", `{"a": [1, {"b/c": -9007199254740993}]}`: "/a/1/b~1c", `[0.12345678901234567891]`: "/0", `[1e400]`: "/0", `[1e-400]`: "/0",
		`{"a": 12345678901234567890}`: "/a", `[[], {}, "9007199254740993", 123456789.123456789123]`: "/3", `[1e999999999999999999999]`: "/0", `{"~": 1e-999999999999999999999}`: "/~0",
		`{"a": 9007199254740991, "b": -9007199254740991, "c": 9007199254740992, "d": 1e300, "e": 1E+21, "f": 0.1, "g": 5e-324, "h": -0.0, "i": 0e400, "j": 100.00, "k": 1.7976931348623157e308}`: "",
		`1.50`: "", `123456789012345680000`: "", `null`: "",
	} {
		if got, found := jsonb.Rounded([]byte(text)); got != want || found != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", text, got, found, want)
		}
	}
}
