// Package prcheck answers, for a pull request, whether it may be merged: the migrations' history, proof and locks, and
// whether the released version survives on the new schema. It writes the answer as one report for people.
package prcheck

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

// Options say what to check.
type Options struct {
	// Root is the repository.
	Root string
	// Base is the git reference the branch is to be merged into.
	Base string
	// Planner says where schema, migrations and scratch databases are.
	Planner planner.Options
	// Squawk is the linter's program.
	Squawk string
	// SkipRelease leaves out building and running the base's release.
	SkipRelease bool
	// More are parts of the report that other packages make, such as the contract's changes.
	More []Part
	// Step is told about each step when it is done.
	Step func(name string, took time.Duration)
}

// Part is one more section of the report.
type Part struct {
	Title string
	// Run returns the section's text in Markdown and what must not be merged.
	Run func(ctx context.Context, root, fork string) (markdown string, problems []string, err error)
}

// Report is what was found.
type Report struct {
	Base string `json:"base"` // the reference
	Fork string `json:"fork"` // the commit where the branch left it
	// Added are the branch's own migrations.
	Added      []Migration        `json:"added"`
	History    []string           `json:"history"` // problems
	Proof      planner.Report     `json:"proof"`
	Lint       planner.LintReport `json:"lint"`
	Comparison planner.Comparison `json:"comparison"`
	Release    []string           `json:"release"` // problems
	// ReleaseNotes are what is red of the base without this branch.
	ReleaseNotes []string  `json:"releaseNotes,omitempty"`
	Compared     bool      `json:"compared"` // with the released schema
	ReleaseRan   bool      `json:"releaseRan"`
	Sections     []Section `json:"sections"`
}

// Migration is a new migration with its texts.
type Migration struct {
	Name string `json:"name"`
	Up   string `json:"up"`
	Down string `json:"down"`
}

// Section is the result of a Part.
type Section struct {
	Title    string   `json:"title"`
	Markdown string   `json:"markdown"`
	Problems []string `json:"problems"`
}

// Problems are all reasons not to merge.
func (r Report) Problems() []string {
	out := append([]string{}, r.History...)
	for _, p := range r.Proof.Problems {
		out = append(out, p.Message)
	}
	for _, f := range r.Lint.Open() {
		out = append(out, f.String())
	}
	out = append(out, r.Comparison.Missed...)
	out = append(out, r.Release...)
	for _, s := range r.Sections {
		out = append(out, s.Problems...)
	}
	return out
}

// Run checks the working tree against the base.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Step == nil {
		o.Step = func(string, time.Duration) {}
	}
	step := func(name string) func() {
		start := time.Now()
		return func() { o.Step(name, time.Since(start)) }
	}
	r := repository{o.Root}
	report := Report{Base: o.Base, Added: []Migration{}, History: []string{}, Release: []string{}, Sections: []Section{}}
	tip, fork, err := r.base(ctx, o.Base)
	if err != nil {
		return report, err
	}
	report.Fork = fork
	added, problems, err := r.history(ctx, tip, fork, o.Base)
	if err != nil {
		return report, err
	}
	report.History = append(report.History, problems...)
	if report.Added, err = texts(o.Planner.Migrations, added); err != nil {
		return report, err
	}
	if report.Proof, err = planner.Verify(ctx, o.Planner); err != nil {
		return report, err
	}
	done := step("prove the checkpoint")
	problem, err := r.proveCheckpoint(ctx, o.Planner, fork, o.Base)
	if err != nil {
		return report, err
	}
	if problem != "" {
		report.History = append(report.History, problem)
	}
	done()
	after, err := newestOf(ctx, r, fork)
	if err != nil {
		return report, err
	}
	if report.Lint, err = planner.Lint(ctx, planner.LintOptions{Options: o.Planner, Squawk: o.Squawk, After: after}); err != nil {
		// What does not apply is in the proof's problems already.
		if len(report.Proof.Problems) == 0 {
			return report, err
		}
		report.Lint.Findings = []planner.Finding{}
	}
	if err := released(ctx, o, r, fork, &report, step); err != nil {
		return report, err
	}
	for _, part := range o.More {
		done := step(part.Title)
		text, problems, err := part.Run(ctx, o.Root, fork)
		if err != nil {
			return report, fmt.Errorf("%s: %w", part.Title, err)
		}
		report.Sections = append(report.Sections, Section{part.Title, text, problems})
		done()
	}
	return report, nil
}

// released compares with the base's release, and runs it, when there are new migrations it could stumble over.
func released(ctx context.Context, o Options, r repository, fork string, report *Report, step func(string) func()) error {
	// A directory that does not apply has its own problems; whether it can be undone does not matter to a release.
	broken := slices.ContainsFunc(report.Proof.Problems, func(p *migrate.Problem) bool {
		return !slices.Contains([]string{"data_loss", "round_trip", "missing_down", "empty_down", "schema", "fence", "fingerprint", "generated", "unproven"}, p.Code)
	})
	if len(report.Added) == 0 || broken {
		return nil
	}
	report.Compared = true
	done := step("compare with the released schema")
	text, err := r.git(ctx, "show", fork+":ent/schema.sql")
	if err != nil {
		return nil // the base has no schema yet, so there is no release either
	}
	file, remove, err := temporary(text)
	if err != nil {
		return err
	}
	defer remove()
	if report.Comparison, err = planner.Compare(ctx, o.Planner, file); err != nil {
		return err
	}
	done()
	if o.SkipRelease {
		return nil
	}
	report.ReleaseRan = true
	problems, notes, err := r.oldRelease(ctx, fork, step)
	report.Release, report.ReleaseNotes = append(report.Release, problems...), notes
	return err
}

func newestOf(ctx context.Context, r repository, commit string) (string, error) {
	files, err := r.files(ctx, commit)
	newest := ""
	for name := range files {
		newest = max(newest, version(name))
	}
	return newest, err
}

// Squawk is where npm puts the linter.
func Squawk(root string) string { return filepath.Join(root, "node_modules", ".bin", "squawk") }
