package prcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

// texts reads the branch's migrations and their reverses.
func texts(dir string, names []string) ([]Migration, error) {
	out := []Migration{}
	for _, name := range names {
		up, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		down, err := os.ReadFile(filepath.Join(dir, migrate.DownDir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read reverse: %w", err)
		}
		out = append(out, Migration{name, string(up), string(down)})
	}
	return out, nil
}

func temporary(text string) (name string, remove func(), err error) {
	f, err := os.CreateTemp("", "lockstep-schema-*.sql")
	if err != nil {
		return "", nil, fmt.Errorf("write the released schema: %w", err)
	}
	_, err = f.WriteString(text)
	return f.Name(), func() { _ = os.Remove(f.Name()) }, errors.Join(err, f.Close())
}

// Markdown is the report for a pull request.
func (r Report) Markdown() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	problems := r.Problems()
	say("<!-- lockstep check -->\n# Database and release check\n")
	if len(problems) == 0 {
		say("**May be merged.** %s against `%s` (%.10s).\n", count(len(r.Added), "new migration"), r.Base, r.Fork)
	} else {
		say("**%s.** %s against `%s` (%.10s).\n", count(len(problems), "problem"), count(len(r.Added), "new migration"), r.Base, r.Fork)
		for _, p := range problems {
			say("%s", item(p))
		}
		say("")
	}
	if r.Comparison.Diagram != "" {
		say("## What changes\n\n```mermaid\n%s```\n", r.Comparison.Diagram)
	}
	if len(r.Comparison.Declared) > 0 {
		say("Declared in SQL:\n")
		for _, change := range r.Comparison.Declared {
			say("- %s", change)
		}
		say("")
	}
	if len(r.Added) > 0 {
		say("## Migrations\n")
		for _, m := range r.Added {
			say("### %s\n\n```sql\n%s\n```\n", m.Name, fenced(m.Up))
			say("<details><summary>its reverse</summary>\n\n```sql\n%s\n```\n</details>\n", fenced(m.Down))
		}
	}
	say("## Locks and risks\n")
	if len(r.Lint.Findings) == 0 {
		say("No finding in %s.\n", count(r.Lint.Files, "new migration"))
	} else {
		say("| Rule | Place | What it does | Lock | What to do |\n|---|---|---|---|---|")
		for _, f := range r.Lint.Findings {
			state := "**open**: " + f.Recipe
			if f.Allowed != "" {
				state = "allowed: " + f.Allowed
			}
			say("| `%s` | %s:%d | %s | %s | %s |", f.Rule, f.File, f.Line, cell(f.Message), cell(f.Lock), cell(state))
		}
		say("")
	}
	say("## Proof\n\nEach migration is applied to a database with generated rows (%d at the end), undone and applied again.\n", r.Proof.Rows)
	say("| Migration | Statements | Reverse | Rows |\n|---|---|---|---|")
	for _, m := range recent(r.Proof.Migrations, r.Added) {
		reverse, rows := r.proofOf(m)
		say("| %s | %d | %s | %s |", m.Name, m.Up, cell(reverse), cell(rows))
	}
	for table, why := range r.Proof.Bare {
		say("\nNo rows could be generated for `%s`, so nothing is proven about rows in it: %s%s", table, why, reason(r.Proof.Allowed[table]))
	}
	say("\n## The released version on the new schema\n")
	switch {
	case len(r.Added) == 0:
		say("Nothing new for it to run on.\n")
	case !r.Compared:
		say("Not looked at: the migrations do not apply.\n")
	case len(r.Release)+len(r.Comparison.Missed) > 0:
		for _, p := range append(append([]string{}, r.Comparison.Missed...), r.Release...) {
			say("%s", item(p))
		}
		say("")
	case r.ReleaseRan && len(r.ReleaseNotes) > 0:
		say("What of the API suite of %.10s passes on its own schema passes on a database with these migrations.\n", r.Fork)
	case r.ReleaseRan:
		say("The API suite of %.10s passes on a database with these migrations.\n", r.Fork)
	default:
		say("Its schema fits; its suite was not run.\n")
	}
	for _, note := range r.ReleaseNotes {
		say("%s\n", item("**Note:** "+note))
	}
	for _, s := range r.Sections {
		say("## %s\n\n%s\n", s.Title, s.Markdown)
	}
	return b.String()
}

// proofOf says what is proven about a migration's reverse, and what became of the rows.
func (r Report) proofOf(m planner.Proof) (reverse, rows string) {
	failed := slices.ContainsFunc(r.Proof.Problems, func(p *migrate.Problem) bool { return p.Version == m.Version && p.Code == "round_trip" })
	rows = "kept"
	switch {
	case m.Irreversible != "":
		return "irreversible: " + m.Irreversible, "not undone"
	case m.Down == 0:
		return "**missing**", "not undone"
	case failed:
		reverse = fmt.Sprintf("%s, **wrong**", count(m.Down, "statement"))
	default:
		reverse = fmt.Sprintf("%s, proven", count(m.Down, "statement"))
	}
	if len(m.Lost) > 0 {
		rows = "lost: " + strings.Join(m.Lost, "; ")
		if m.LossAllowed != "" {
			rows += "; allowed: " + m.LossAllowed
		}
	}
	if m.WithoutRows != "" {
		rows = "proven on empty tables only: " + m.WithoutRows
	}
	return reverse, rows
}

// item is a problem as an item of a list, what follows its first line as it is printed elsewhere.
func item(problem string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(problem), "\n")
	if !more {
		return "- " + first
	}
	return "- " + first + "\n  ```\n  " + strings.ReplaceAll(fenced(strings.ReplaceAll(rest, "\n    ", "\n")), "\n", "\n  ") + "\n  ```"
}

// recent are the proofs of the branch's own migrations, or of the last few when there are none.
func recent(all []planner.Proof, added []Migration) []planner.Proof {
	n := len(added)
	if n == 0 {
		n = 3
	}
	return all[max(0, len(all)-n):]
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func cell(s string) string {
	return strings.NewReplacer("\n", " ", "|", "\\|").Replace(s)
}

func fenced(sql string) string { return strings.TrimSpace(strings.ReplaceAll(sql, "```", "` ` `")) }

// reason is what a migration says about something that is allowed, in brackets.
func reason(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
