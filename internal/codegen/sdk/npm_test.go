package sdk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stalling prints a line and stalls, the first times it is run in a folder.
const stalling = `echo "npm http fetch GET 200 a"; echo run >>runs; if [ "$(wc -l <runs)" -le "$1" ]; then exec sleep 600; fi; echo "npm error why"; exit "$2"`

// Regression: a download whose connection had stalled was waited for without end.
func TestStalledInstallIsTriedAgain(t *testing.T) {
	t.Parallel()
	const limit = 10 * time.Second // more than a program that does not stall takes to say something
	for _, test := range []struct{ name, stalls, code, want string }{
		{"once", "1", "0", ""},
		{"always", "100", "0", "nothing more arrives"},
		{"and then fails", "1", "7", "exit status 7\nnpm error why"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir, log := t.TempDir(), &strings.Builder{}
			if err := os.WriteFile(filepath.Join(dir, "script"), []byte(stalling), 0o600); err != nil {
				t.Fatal(err)
			}
			err := install(t.Context(), dir, log, limit, "sh", "script", test.stalls, test.code)
			if got := errorText(err); !strings.Contains(got, test.want) || (test.want == "") != (got == "") || strings.Contains(got, "npm http") {
				t.Errorf("got %q, want %q, without what was fetched", got, test.want)
			}
			if !strings.Contains(log.String(), "nothing has arrived for 10s, trying again") {
				t.Errorf("got log %q", log)
			}
			if (test.stalls == "100") != errors.Is(err, errStalled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
