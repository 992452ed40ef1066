package devstack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// answer is what the developer wants after a migration has failed.
type answer int

const (
	retry answer = iota
	reset
)

// lookAgain is how often the migrations are looked at for a change while the stack waits for one.
const lookAgain = 200 * time.Millisecond

// migrate brings the database to the checkout's version. Where that fails it keeps the database up, so that rows can be
// mended, says what can be done, and goes on when it has been. It returns when the database is migrated or the stack ends.
func (s *stack) migrate(ctx context.Context) error {
	for {
		failed := s.migrateOnce(ctx)
		if failed == nil || ctx.Err() != nil {
			return failed
		}
		s.report.stuck(failed, s.cluster.OwnerURL(s.Database), s.Database, branchDatabase(s.Root))
		wish, err := s.mended(ctx)
		if err != nil {
			return err
		}
		if wish == reset {
			if err := s.resetDatabase(ctx); err != nil {
				return err
			}
		}
	}
}

func (s *stack) migrateOnce(ctx context.Context) error {
	begin := time.Now()
	result, err := migrate.Up(ctx, migrate.Options{
		Dir: os.DirFS(filepath.Join(s.Root, "migrations")),
		URL: s.cluster.OwnerURL(s.Database),
	})
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	said := "at " + result.To
	if n := len(result.Files); n > 0 {
		said += fmt.Sprintf(", %d applied", n)
	}
	if len(result.Ahead) > 0 {
		said += ", which this checkout does not have: " + strings.Join(result.Ahead, ", ")
	}
	s.report.line("Migrations", said, begin)
	return nil
}

// mended waits until the migrations change on disk or the developer says something.
func (s *stack) mended(ctx context.Context) (answer, error) {
	before := s.migrationFiles()
	last := before
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return retry, ctx.Err()
		case <-s.cluster.Done():
			return retry, fmt.Errorf("the database server has ended by itself; its log is %s", s.cluster.LogFile())
		case line, ok := <-s.answers():
			switch {
			case !ok:
				s.said = nil // nobody is there to say more; files still tell
			case line == "reset":
				return reset, nil
			case line == "":
				return retry, nil
			default:
				s.report.printf("Enter tries again, reset and Enter starts from an empty database, Ctrl-C stops.\n")
			}
		case <-tick.C:
			now := s.migrationFiles()
			if now != before && now == last { // and no longer being written
				return retry, nil
			}
			last = now
		}
	}
}

// answers are the lines that the developer writes, from the first time on that one is asked for.
func (s *stack) answers() <-chan string {
	if s.In == nil || s.asked {
		return s.said
	}
	s.asked = true
	said := make(chan string)
	s.said = said
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(s.In); lines.Scan(); {
			said <- strings.ToLower(strings.TrimSpace(lines.Text()))
		}
	}()
	return said
}

// migrationFiles is another text whenever a file of the migrations is.
func (s *stack) migrationFiles() string {
	var b strings.Builder
	for _, pattern := range []string{"*.s[qu][lm]", "down/*.s[qu][lm]"} {
		names, _ := filepath.Glob(filepath.Join(s.Root, "migrations", pattern)) // the pattern is right
		for _, name := range names {
			if info, err := os.Stat(name); err == nil {
				fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return b.String()
}

// resetDatabase puts an empty database in the place of the developer's.
func (s *stack) resetDatabase(ctx context.Context) error {
	begin := time.Now()
	if err := s.cluster.DropDatabase(ctx, s.Database); err != nil {
		return err
	}
	if err := s.cluster.CreateDatabase(ctx, s.Database); err != nil {
		return err
	}
	s.report.line("Reset", "database "+s.Database+" is empty", begin)
	return nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// branchDatabase is a name for a database of the checked-out branch's own; that of the default one where there is none.
func branchDatabase(root string) string {
	head, err := os.ReadFile(filepath.Join(root, ".git", "HEAD"))
	if err != nil { // a worktree's .git is a file that says where it is
		if link, err := os.ReadFile(filepath.Join(root, ".git")); err == nil {
			dir := strings.TrimSpace(strings.TrimPrefix(string(link), "gitdir:"))
			head, _ = os.ReadFile(filepath.Join(dir, "HEAD"))
		}
	}
	branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
	if !ok {
		return defaultDatabase + "_branch"
	}
	name := defaultDatabase + "_" + strings.Trim(notInNames.ReplaceAllString(strings.ToLower(branch), "_"), "_")
	return name[:min(len(name), 63)] // as Postgres cuts names
}

var databaseName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// checkDatabase refuses names that would have to be quoted everywhere, and those of databases that are not the developer's.
func checkDatabase(name string) error {
	if !databaseName.MatchString(name) || strings.HasPrefix(name, "scratch_") || strings.HasPrefix(name, "template") || name == "postgres" {
		return errors.New(databaseVariable + ": " + name + " is no name for the database: use lower-case letters, digits and underscores, a letter first, such as " + defaultDatabase + "_my_branch")
	}
	return nil
}
