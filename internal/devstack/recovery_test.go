package devstack

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

// screen is what the developer sees.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) shows(t *testing.T, times int, words string) string {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		text := s.text.String()
		s.mu.Unlock()
		if strings.Count(text, words) >= times {
			return text
		}
	}
	t.Fatalf("waited in vain for %q in\n%s", words, s.text.String())
	return ""
}

// A migration that the rows refuse leaves the database up. Mended rows, a mended file and a reset each lead on, and another
// branch has a database of its own.
func TestFailedMigration(t *testing.T) {
	t.Parallel()
	cluster, err := devdb.Start(t.Context(), devdb.Options{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	const first, second = "CREATE TABLE t (n int);\nINSERT INTO t VALUES (-1);\n", "ALTER TABLE t ADD CHECK (n > 0);\n"
	for _, test := range []struct {
		name string
		mend func(t *testing.T, in io.Writer, migrations, url string)
		rows int
	}{
		{"rows mended", func(t *testing.T, in io.Writer, _, url string) {
			sql(t, url, "UPDATE t SET n = 1")
			tell(t, in, "\n")
		}, 1},
		{"file mended", func(t *testing.T, _ io.Writer, migrations, _ string) {
			write(t, migrations, "2_b.sql", "DELETE FROM t;\n"+second)
		}, 0},
		{"reset, after a word that means nothing", func(t *testing.T, in io.Writer, migrations, _ string) {
			tell(t, in, "help\n")
			tell(t, in, "reset\n") // does not help here: the first file brings the row
		}, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			migrations := filepath.Join(root, "migrations")
			write(t, migrations, "1_a.sql", first)
			write(t, migrations, "2_b.sql", second)
			name := branchDatabase(root) + strings.ReplaceAll(t.Name()[len("TestFailedMigration/"):][:4], "_", "")
			if err := cluster.CreateDatabase(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			in, hand := io.Pipe()
			out := &screen{}
			s := &stack{Config: Config{Root: root, Database: name, In: in, Out: out}, report: newReport(out), cluster: cluster}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- s.migrate(ctx) }()
			text := out.shows(t, 1, "Waiting.")
			for _, words := range []string{"2_b.sql", "check constraint", "psql 'postgres://", "press Enter", "--reset", "--database core_"} {
				if !strings.Contains(text, words) {
					t.Errorf("does not say %q:\n%s", words, text)
				}
			}
			url := cluster.OwnerURL(name)
			test.mend(t, hand, migrations, url)
			if test.rows < 0 {
				out.shows(t, 2, "Waiting.")
				if text := out.shows(t, 1, "is empty"); !strings.Contains(text, "Enter tries again") {
					t.Errorf("an unknown word is not answered:\n%s", text)
				}
				cancel()
				if err := <-done; err == nil {
					t.Error("the stack ended without an error although nothing was migrated")
				}
				return
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			conn := dial(t, url)
			var n int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil || n != test.rows {
				t.Errorf("got %d rows, %v; want %d", n, err, test.rows)
			}
		})
	}
}

func tell(t *testing.T, in io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(in, text); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func sql(t *testing.T, url, text string) {
	t.Helper()
	if _, err := dial(t, url).Exec(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// write puts a migration there and hashes the directory.
func write(t *testing.T, migrations, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(migrations, "down"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(migrations, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := planner.Hash(migrations); err != nil {
		t.Fatal(err)
	}
}

func TestBranchDatabase(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"ref: refs/heads/main\n": "core_main", "ref: refs/heads/feat/Añadir-IBAN_2\n": "core_feat_a_adir_iban_2", "0123abc\n": "core_branch",
		"ref: refs/heads/" + strings.Repeat("long", 40) + "\n": "core_" + strings.Repeat("long", 40)[:58],
	} {
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, ".git"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, ".git", "HEAD"), []byte(head), 0o644); err != nil {
			t.Fatal(err)
		}
		got := branchDatabase(root)
		if got != want {
			t.Errorf("%q: got %s, want %s", head, got, want)
		}
		if err := checkDatabase(got); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"Core", "a-b", "", "postgres", "template1", "scratch_x"} {
		if err := checkDatabase(name); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}
