package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/atomicfile"
)

// A file gets its content and mode, whatever it was before, and nothing stays beside it, not even of a write that fails.
func TestWrite(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(string, []byte, os.FileMode, string) error{"once": atomicfile.Write, "durably": atomicfile.WriteDurably} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			for _, text := range []string{"a longer one", "short", ""} {
				if err := write(path, []byte(text), 0o640, ".new-*"); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(path)
				if err != nil || string(got) != text {
					t.Errorf("got %q, %v; want %q", got, err, text)
				}
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("got %v, %v; want mode 0640", info, err)
			}
			if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := write(filepath.Join(dir, "folder"), nil, 0o644, ".new-*"); err == nil {
				t.Error("a folder was replaced by a file")
			}
			if left, err := filepath.Glob(filepath.Join(dir, ".new-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
