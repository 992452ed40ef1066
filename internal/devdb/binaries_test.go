package devdb

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	got := []string{
		"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/opt/homebrew/opt/postgresql/bin",
		"/usr/lib/postgresql/17/bin", "/opt/homebrew/opt/postgresql@16/bin",
	}
	slices.SortFunc(got, newestFirst)
	want := []string{
		"/usr/lib/postgresql/17/bin", "/opt/homebrew/opt/postgresql@16/bin", "/usr/lib/postgresql/15/bin",
		"/usr/lib/postgresql/9.6/bin", "/opt/homebrew/opt/postgresql/bin",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// The version line as Debian, the project and a pre-release print it.
func TestVersionLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": "15.18 (Debian 15.18-0+deb12u1); 15.18; 15",
		"postgres (PostgreSQL) 18.3\n":                           "18.3; 18.3; 18",
		"postgres (PostgreSQL) 19beta1\n":                        "19beta1; 19beta1; 19",
	} {
		m := versionLine.FindStringSubmatch(line)
		if m == nil || strings.Join(m[1:], "; ") != want {
			t.Errorf("%q: got %v, want %s", line, m, want)
		}
	}
}
