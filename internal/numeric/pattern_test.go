package numeric_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/numeric"
)

// TestPatternsSayWhatFits compares the contract's pattern with what the server takes.
func TestPatternsSayWhatFits(t *testing.T) {
	t.Parallel()
	texts := []string{"00", "01", "1.", ".1", "1e2", "-"}
	for _, whole := range []string{"0", "9", "99", "100", "12345"} {
		for _, fraction := range []string{"", ".0", ".9", ".00", ".01", ".010", ".009", ".0099", ".0001", ".12345"} {
			texts = append(texts, whole+fraction, "-"+whole+fraction)
		}
	}
	for _, c := range [][2]int{{10, 2}, {2, 2}, {1, 1}, {5, 0}, {0, 2}, {0, 4}, {-2, 4}, {-1, 3}, {50, 50}} {
		pattern, scaled := regexp.MustCompile(contract.DecimalPattern(c[0], c[1])), regexp.MustCompile(contract.ScaledPattern(c[0], c[1]))
		for _, text := range texts {
			v, err := numeric.Parse(text)
			fits := err == nil && numeric.Fits(v, c[0], c[1])
			if pattern.MatchString(text) != fits {
				t.Errorf("%s in %v digits: the pattern %s says %t, the server %t", text, c, pattern, !fits, fits)
			}
			_, fraction, _ := strings.Cut(text, ".")
			if want := fits && len(fraction) == c[1]; scaled.MatchString(text) != want {
				t.Errorf("%s with the scale of %v: the pattern %s says %t", text, c, scaled, !want)
			}
		}
	}
}
