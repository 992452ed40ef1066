package planner

import (
	"context"
	"regexp"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	_ "ariga.io/atlas/sql/postgres/postgrescheck" // registers the analyzers for Postgres
	"ariga.io/atlas/sql/sqlcheck"
	"ariga.io/atlas/sql/sqlclient"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// atlasFindings runs Atlas' analyzers (destructive, data-dependent, incompatible, constraint drops) over what a file did.
func atlasFindings(ctx context.Context, w *walker, m *migrate.Migration, facts []fact) []Finding {
	file := &sqlcheck.File{File: atlas.NewLocalFile(m.Up.Name, []byte(m.Up.SQL))}
	for i := range facts {
		f := &facts[i]
		if f.from == nil {
			continue
		}
		if file.From == nil {
			file.From = f.from
		}
		file.To = f.to
		if len(f.changes) > 0 {
			// The position is only used to find the statement again.
			file.Changes = append(file.Changes, &sqlcheck.Change{Changes: f.changes, Stmt: &atlas.Stmt{Pos: i, Text: f.Text}})
			file.Sum = append(file.Sum, f.changes...)
		}
	}
	if len(file.Changes) == 0 {
		return nil
	}
	analyzers, err := sqlcheck.AnalyzerFor(postgres.DriverName, nil)
	if err != nil {
		return []Finding{{Rule: "analyzer", Line: 1, Message: err.Error()}}
	}
	var out []Finding
	pass := &sqlcheck.Pass{
		File: file,
		Dev:  &sqlclient.Client{Name: postgres.DriverName, DB: w.pool, Driver: w.Driver},
		Reporter: sqlcheck.ReportWriterFunc(func(r sqlcheck.Report) {
			for _, d := range r.Diagnostics {
				if d.Pos >= 0 && d.Pos < len(facts) {
					out = append(out, Finding{Rule: d.Code, Line: facts[d.Pos].line, Message: d.Text})
				}
			}
		}),
	}
	for _, a := range analyzers {
		// An analyzer's error only says that it reported something it takes for an error.
		_ = a.Analyze(ctx, pass)
	}
	return out
}

var (
	blocking = regexp.MustCompile(`(?is)^(lock\s|cluster\b|vacuum\s+(\(.*full.*\)|full)|reindex\b|refresh\s+materialized\s+view\b|truncate\b)`)
	// changesRows names the table whose rows a statement changes or deletes; an INSERT keeps nobody waiting.
	changesRows = regexp.MustCompile(`(?is)^(?:with\b.*\)\s*)?(?:update|delete\s+from|merge\s+into)\s+(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)"?`)
	deletesRows = regexp.MustCompile(`(?is)^(?:with\b.*\)\s*)?(?:delete\s+from|truncate)\s+(?:table\s+)?(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)"?`)
	createdName = regexp.MustCompile(`(?is)^create\s+table\s+(?:if\s+not\s+exists\s+)?(?:"?\w+"?\.)?"?(\w+)"?`)
)

// ownFindings are about what the linters do not know: locks taken by other statements, rows deleted or changed wholesale,
// tables rewritten for any reason, and columns that the running release does not fill.
func ownFindings(m *migrate.Migration, facts []fact) []Finding {
	var out []Finding
	created := map[string]bool{} // by the file itself: nobody uses them yet
	for i := range facts {
		f := &facts[i]
		if w := createdName.FindStringSubmatch(f.Text); w != nil {
			created[w[1]] = true
		}
		say := func(rule string) { out = append(out, Finding{Rule: rule, Line: f.line}) }
		inUse := func(form *regexp.Regexp) bool {
			w := form.FindStringSubmatch(f.Text)
			return w != nil && !created[w[1]]
		}
		concurrent := strings.Contains(strings.ToUpper(f.Text), "CONCURRENTLY")
		if blocking.MatchString(f.Text) && !concurrent {
			say("blocking-statement")
		}
		if inUse(changesRows) {
			say("unbatched-write")
		}
		if inUse(deletesRows) {
			say("deletes-rows")
		}
		if concurrent && !m.Up.NoTx {
			say("concurrent-in-transaction")
		}
		if len(f.rewrote) > 0 {
			f.table = f.rewrote[0]
			say("table-rewrite")
		}
		if len(f.required) > 0 {
			say("required-without-default")
		}
	}
	return out
}
