package planner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

const (
	victimDir        = "LOCKSTEP_TEST_VICTIM_MIGRATIONS"
	victimCheckpoint = "LOCKSTEP_TEST_VICTIM_CHECKPOINT"
)

// ofManyFiles is a checkpoint of a directory with the many files.
func ofManyFiles(base []byte) *Checkpoint {
	c := &Checkpoint{base: base, Replaced: []string{"20250101000000_a.sql"}}
	for _, f := range manyFiles(nil).Files {
		c.Replaced = append(c.Replaced, f.Name)
		c.File = File{Version: f.Version, Name: f.Version + "_checkpoint.sql", Up: "SELECT 1;\n", Down: "SELECT 2;\n"}
	}
	return c
}

// manyFiles is a plan that takes long enough to be killed in the middle of being written.
func manyFiles(base []byte) *Plan {
	plan := &Plan{base: base, fingerprint: []byte("{}\n")}
	for i := range 100 {
		name := fmt.Sprintf("2099%010d_step.sql", i)
		plan.Files = append(plan.Files, File{Version: name[:14], Name: name, Up: "SELECT 1;\n", Down: "SELECT 2;\n"})
	}
	return plan
}

// runVictim is the process that the test kills: it writes the plan and nothing else.
func runVictim(dir string) int {
	base, err := os.ReadFile(filepath.Join(dir, migrate.SumFile))
	switch {
	case err != nil:
	case os.Getenv(victimCheckpoint) != "":
		_, err = WriteCheckpoint(Options{Migrations: dir}, ofManyFiles(base))
	default:
		_, err = Write(Options{Migrations: dir}, manyFiles(base))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A process is killed while it writes a plan of 200 files, early, in the middle and late. No runner takes the directory for
// whole, and the next command takes back what is there of the plan.
func TestKilledWhileWriting(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 1, 20, 50} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			dir, before, plan := killedWhileWriting(t, at)
			for name, text := range tree(t, dir) {
				if strings.HasPrefix(path.Base(name), "2099") && text != "SELECT 1;\n" && text != "SELECT 2;\n" {
					t.Errorf("%s holds half a file: %q", name, text)
				}
			}
			var problem *migrate.Problem
			if _, err := migrate.Read(os.DirFS(dir)); !errors.As(err, &problem) {
				t.Errorf("got %v, want half a plan refused by a runner", err)
			}
			said := ""
			o := Options{Migrations: dir, Step: func(name string, _ time.Duration) { said += name }}
			if _, err := o.read(); err != nil {
				t.Errorf("the next command: %v", err)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" || !strings.Contains(said, "take back") {
				t.Errorf("after %q (-before +after):\n%s", said, diff)
			}
			if _, err := Write(o, plan); err != nil {
				t.Error(err)
			}
			if read, err := o.read(); err != nil || len(read.Migrations) != 101 {
				t.Errorf("written again: got %v", err)
			}
		})
	}
}

// killedWhileWriting starts a process that writes a plan into a small directory and kills it as soon as the file at that
// place is there. On a busy machine the process may be done by then, and the next one is tried.
func killedWhileWriting(t *testing.T, at int) (dir string, before map[string]string, plan *Plan) {
	t.Helper()
	for range 50 {
		dir = small(t)
		before = tree(t, dir)
		plan = manyFiles([]byte(before[migrate.SumFile]))
		victim := exec.Command(os.Args[0])
		victim.Env = append(os.Environ(), victimDir+"="+dir)
		victim.Stderr = os.Stderr
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		awaitFile(t, filepath.Join(dir, plan.Files[at].Name))
		if err := victim.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := victim.Wait(); errors.As(err, &exit) && exit.ExitCode() == -1 {
			return dir, before, plan
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("no process was caught writing")
	return "", nil, nil
}

// A process is killed while it puts a checkpoint in place of 101 migrations, early, in the middle and late. No runner takes
// the directory for whole, and the next command brings the old one back.
func TestKilledWhileCheckpointing(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 50, 99} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			for range 50 {
				dir := small(t)
				if _, err := Write(Options{Migrations: dir}, manyFiles([]byte(tree(t, dir)[migrate.SumFile]))); err != nil {
					t.Fatal(err)
				}
				before := tree(t, dir)
				base := []byte(before[migrate.SumFile])
				victim := exec.Command(os.Args[0])
				victim.Env = append(os.Environ(), victimDir+"="+dir, victimCheckpoint+"=1")
				victim.Stderr = os.Stderr
				if err := victim.Start(); err != nil {
					t.Fatal(err)
				}
				awaitGone(t, filepath.Join(dir, ofManyFiles(nil).Replaced[at]))
				if err := victim.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
				_ = victim.Wait()
				if _, err := os.Stat(filepath.Join(dir, journalFile)); err != nil {
					continue // it was done before it was killed
				}
				var problem *migrate.Problem
				if _, err := migrate.Read(os.DirFS(dir)); !errors.As(err, &problem) {
					t.Errorf("got %v, want half a checkpoint refused by a runner", err)
				}
				o := Options{Migrations: dir}.withDefaults()
				if _, err := o.read(); err != nil {
					t.Errorf("the next command: %v", err)
				}
				if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
					t.Errorf("files (-before +after):\n%s", diff)
				}
				if _, err := WriteCheckpoint(o, ofManyFiles(base)); err != nil {
					t.Error(err)
				}
				if read, err := o.read(); err != nil || len(read.Migrations) != 1 {
					t.Errorf("written again: got %v", err)
				}
				return
			}
			t.Fatal("no process was caught writing")
		})
	}
}

// awaitGone waits until a file is not there any more, without a pause.
func awaitGone(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	t.Fatalf("waited in vain for %s to go", name)
}

// When one file cannot be written, those before it are put back.
func TestApplyPutsBack(t *testing.T) {
	t.Parallel()
	dir := small(t)
	before := tree(t, dir)
	text := "SELECT 3;\n"
	_, err := apply(dir, []edit{
		{Name: "20250101000000_a.sql", After: &text}, {Name: "b.sql", After: &text}, {Name: "down/20250101000000_a.sql"}, {Name: "gone/c.sql", After: &text},
	})
	if err == nil {
		t.Fatal("a file was written into a folder that is not there")
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

// What was done as a whole stays; what somebody changed since is left for a person.
func TestRecovery(t *testing.T) {
	t.Parallel()
	old, text := "SELECT 1;\n", "SELECT 3;\n"
	journal := `[{"name":"20250101000000_a.sql","before":"SELECT 1;\n","after":"SELECT 3;\n"},{"name":"b.sql","after":"SELECT 3;\n"}]`
	for name, test := range map[string]struct{ a, b, wantA, wantB, fails string }{
		"nothing done":     {old, "", old, "", ""},
		"half done":        {text, "", old, "", ""},
		"all done":         {text, text, text, text, ""},
		"edited since":     {"SELECT 4;\n", text, "SELECT 4;\n", text, "20250101000000_a.sql was edited since"},
		"journal cut off":  {old, "", old, "", "restore the directory"},
		"made by somebody": {text, "SELECT 5;\n", text, "SELECT 5;\n", "b.sql was edited since"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := small(t)
			write := func(name, text string) {
				if text != "" {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			write("20250101000000_a.sql", test.a)
			write("b.sql", test.b)
			if write(journalFile, journal); name == "journal cut off" {
				write(journalFile, journal[:40])
			}
			err := recoverJournal(dir)
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("got %v, want %q", err, test.fails)
			}
			now := tree(t, dir)
			if now["20250101000000_a.sql"] != test.wantA || now["b.sql"] != test.wantB {
				t.Errorf("got %q, want %q and %q", now, test.wantA, test.wantB)
			}
			if _, left := now[journalFile]; left != (test.fails != "") {
				t.Errorf("the journal is there: %v", left)
			}
		})
	}
}

// small is a directory of one migration.
func small(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "migrations")
	if err := os.MkdirAll(filepath.Join(dir, migrate.DownDir), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{".", migrate.DownDir} {
		if err := os.WriteFile(filepath.Join(dir, folder, "20250101000000_a.sql"), []byte("SELECT 1;\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Hash(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree is every file below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	fsys := os.DirFS(dir)
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// awaitFile waits until a file is there. It asks without a pause: the process that writes it is to be caught at work.
func awaitFile(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if _, err := os.Stat(name); err == nil {
			return
		}
	}
	t.Fatalf("waited in vain for %s", name)
}
