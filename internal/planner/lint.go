package planner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// Finding is something about a migration that may hurt a database in use. It names the place, what is blocked for whom and
// what to write instead.
type Finding struct {
	// Rule is the name `-- lockstep:allow` takes; Also are other linters' names for the same, which it takes as well.
	Rule    string   `json:"rule"`
	Also    []string `json:"also,omitempty"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Version string   `json:"version"`
	Message string   `json:"message"`
	// Lock says which lock was taken on which tables in use, and what waits for it. Empty when none worth a word.
	Lock   string `json:"lock,omitempty"`
	Recipe string `json:"recipe,omitempty"`
	// Allowed is the reason given by `-- lockstep:allow`, empty for an open finding.
	Allowed string `json:"allowed,omitempty"`
}

// String is the finding on a few lines.
func (f Finding) String() string {
	text := fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Message)
	if f.Allowed != "" {
		return text + "\n    allowed: " + f.Allowed
	}
	if f.Lock != "" {
		text += "\n    lock:   " + f.Lock
	}
	if f.Recipe != "" {
		text += "\n    recipe: " + f.Recipe
	}
	return text + "\n    or:     -- lockstep:allow " + f.Rule + " <reason>   in the file, then `lockstep migrate hash`"
}

// LintReport is what Lint found.
type LintReport struct {
	Findings []Finding `json:"findings"`
	Files    int       `json:"files"`
	Millis   int64     `json:"millis"`
}

// Open are the findings that nothing allows.
func (r LintReport) Open() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Allowed != "" })
}

// LintOptions say what to look at.
type LintOptions struct {
	Options
	// Squawk is the path of squawk's program.
	Squawk string
	// After leaves out migrations up to this version. Defaults to looking at all.
	After string
}

// Lint runs every migration statement by statement on a scratch database and says what it would do to one in use: squawk
// reads the text, Atlas' analyzers the changes, and the database itself is asked which locks were taken and whether a
// table was rewritten. Allowed findings are in the report too.
func Lint(ctx context.Context, o LintOptions) (LintReport, error) {
	o.Options = o.withDefaults()
	start := time.Now()
	report := LintReport{Findings: []Finding{}}
	dir, err := o.read()
	if err != nil {
		return report, err
	}
	var files []*migrate.Migration
	for i := range dir.Migrations {
		if dir.Migrations[i].Version > o.After {
			files = append(files, &dir.Migrations[i])
		}
	}
	if len(files) == 0 {
		return report, nil
	}
	report.Files = len(files)
	step := o.step("squawk")
	squawked, err := squawk(ctx, o.Squawk, files)
	if err != nil {
		return report, err
	}
	step()
	w, err := newWalker(ctx, o.Options)
	if err != nil {
		return report, err
	}
	defer w.close()
	if below := below(dir, files[0].Version); below != migrate.Nothing {
		if _, err := migrate.Up(ctx, migrate.Options{Read: dir, URL: w.url, To: below}); err != nil {
			return report, fmt.Errorf("replay the migrations: %w", err)
		}
	}
	for _, m := range files {
		step := o.step("analyze " + m.Up.Name)
		facts, err := w.walk(ctx, m)
		if err != nil {
			return report, err
		}
		found := slices.Concat(directoryFindings(m), atlasFindings(ctx, w, m, facts), ownFindings(m, facts), squawked[m.Up.Name])
		report.Findings = append(report.Findings, settle(m, facts, found)...)
		step()
	}
	report.Millis = time.Since(start).Milliseconds()
	return report, nil
}

// settle drops what the facts refute, joins what several linters say about one statement, adds locks and recipes, and
// marks what is allowed.
func settle(m *migrate.Migration, facts []fact, found []Finding) []Finding {
	var out []Finding
	for _, f := range found {
		fact := factAt(facts, f.Line)
		if fact != nil && fact.refutes(f.Rule) {
			continue
		}
		rule := rules[f.Rule]
		if rule.as != "" {
			f.Also, f.Rule = append(f.Also, f.Rule), rule.as
			rule = rules[f.Rule]
		}
		f.File, f.Version = "migrations/"+m.Up.Name, m.Version
		if fact != nil {
			f.Line = fact.line
			f.Lock = fact.lock()
		}
		f.Message, f.Recipe = cmp.Or(rule.says, f.Message), cmp.Or(rule.recipe, f.Recipe)
		if fact != nil && fact.table != "" {
			f.Message = strings.ReplaceAll(f.Message, "the table", "table "+fact.table)
		}
		if i := slices.IndexFunc(out, func(g Finding) bool { return g.Rule == f.Rule && g.Line == f.Line }); i >= 0 {
			out[i].Also = append(out[i].Also, f.Also...)
			continue
		}
		out = append(out, f)
	}
	for i := range out {
		for _, a := range m.Up.Allowed {
			if a.Rule == out[i].Rule || slices.Contains(out[i].Also, a.Rule) {
				out[i].Allowed = a.Reason
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

// directoryFindings are about the file as a whole.
func directoryFindings(m *migrate.Migration) []Finding {
	var out []Finding
	if m.Up.NoTx && len(m.Up.Statements) > 1 {
		out = append(out, Finding{Rule: "several-statements", Line: m.Up.Statements[1].Line})
	}
	if m.Up.Irreversible == "" && (m.Down == nil || len(m.Down.Statements) == 0) {
		out = append(out, Finding{Rule: "missing-down", Line: 1})
	}
	return out
}
