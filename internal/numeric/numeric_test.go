package numeric_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/numeric"
)

func TestParse(t *testing.T) {
	t.Parallel()
	most := strings.Repeat("9", numeric.MaxDigits)
	for _, text := range []string{"0", "-0", "1", "-1.50", "0.001", "12345678901234567890.123456789", most, "-" + most + "." + most} {
		got, err := numeric.Parse(text)
		if want := decimal.RequireFromString(text); err != nil || !got.Equal(want) {
			t.Errorf("%.20s: got %.20s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "-", ".", "1.", ".5", "+1", "1e2", "1E2", "1e-2", "01", "--1", " 1", "1 ", "1_000", "0x1", "NaN", "Infinity", "1.2.3", "１", most + "9", "0." + most + "9",
	} {
		if got, err := numeric.Parse(text); err == nil {
			t.Errorf("%.20q: got %.20s, want an error", text, got)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"119.00", "119", "0.00", "-1.50", "0.001", "12345678901234567890.1234567890"} {
		if got := numeric.Text(decimal.RequireFromString(text)); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
	if got := numeric.Text(decimal.New(12, 3)); got != "12000" {
		t.Errorf("got %s, want 12000", got)
	}
}

func TestFitsFloat(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]bool{0.1: true, 1000.1: true, 119: true, 1000.105: false, 9999999999.99: true, 1e10: false, 1e300: false, 1e-300: false, -0.25: true, -0.125: false} {
		if got := numeric.FitsFloat(v, 10, 2); got != want {
			t.Errorf("%v: got %t, want %t", v, got, want)
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text            string
		whole, fraction int
		want            bool
	}{
		{"9999999999.99", 10, 2, true}, {"-9999999999.99", 10, 2, true}, {"10000000000", 10, 2, false}, {"1.001", 10, 2, false}, {"1.100", 10, 2, false},
		{"0", 0, 2, true}, {"0.99", 0, 2, true}, {"1", 0, 2, false}, {"0.001", 0, 3, true}, {"123", 3, 0, true}, {"123.0", 3, 0, false},
		{"0.0099", -2, 4, true}, {"0.01", -2, 4, false}, {"-0.0100", -2, 4, false}, {"0.00", -2, 4, true}, {"0.00001", -2, 4, false},
	} {
		if got := numeric.Fits(decimal.RequireFromString(c.text), c.whole, c.fraction); got != c.want {
			t.Errorf("%s in %d and %d digits: got %t, want %t", c.text, c.whole, c.fraction, got, c.want)
		}
	}
}
