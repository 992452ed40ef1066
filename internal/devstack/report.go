package devstack

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devseed"
)

// report tells the developer what happens, a line per finished step.
type report struct {
	out   io.Writer
	begin time.Time
}

func newReport(out io.Writer) *report { return &report{out: out, begin: time.Now()} }

// printf prints. A terminal that is gone is no reason to stop.
func (r *report) printf(format string, args ...any) { _, _ = fmt.Fprintf(r.out, format, args...) }

// line reports a finished step and how long it took.
func (r *report) line(name, said string, begin time.Time) {
	r.printf("%-11s %-58s %6.2f s\n", name, said, time.Since(begin).Seconds())
}

// details is where steps say what they do while they do it.
func (r *report) details() io.Writer { return indented{r.out} }

// indented sets lines below the steps they belong to.
type indented struct{ out io.Writer }

func (w indented) Write(p []byte) (int, error) {
	text := strings.TrimRight(string(p), "\n")
	if _, err := fmt.Fprintf(w.out, "            %s\n", strings.ReplaceAll(text, "\n", "\n            ")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// stuck tells what to do after a migration has failed.
func (r *report) stuck(failed error, url, database, branch string) {
	r.printf("\nMigrations  FAILED: %s\n\nThe database is up as the migrations before left it:\n\n  psql '%s'\n\n", failed, url)
	r.printf("mend and retry   change the rows, then press Enter here; or change the migration and run lockstep migrate hash: that is noticed\n")
	r.printf("reset            reset and Enter (or: lockstep dev --reset) drops database %s with its rows and starts from an empty one\n", database)
	if branch != database {
		r.printf("one per branch   Ctrl-C, then lockstep dev --database %s leaves this one to the other branch\n", branch)
	}
	r.printf("\nWaiting. Ctrl-C stops.\n")
}

// ready tells how to use the stack.
func (r *report) ready(f File, accounts []devseed.Account, file string) {
	r.line("Ready", "", r.begin)
	r.printf("\nAPI         %s\nDocs        %s\nIssuer      %s\nDatabase    %s\n", f.API, f.Docs, f.Issuer, f.DatabaseURL)
	if f.Web != "" {
		r.printf("Web         %s\n", f.Web)
	}
	r.printf("\nTokens, good for %.0f hours, also in %s:\n", lifetime.Hours(), file)
	for i, a := range accounts {
		r.printf("\n  %s, %s of %s\n  %s\n", a.Name, a.Role, a.Tenant, f.Tokens[i].Token)
	}
	r.printf("\n  the platform, which makes and lists tenants\n  %s\n", f.PlatformToken)
	if len(f.Tokens) > 0 {
		r.printf("\nTry it:\n\n  curl -sS -H 'Authorization: Bearer %s' %s/v1/users/%s\n", f.Tokens[0].Token, f.API, f.Tokens[0].UserID)
	}
	r.printf("\nNext: change ent/schema, then run make generate and make migration name=…, and make dev again. Ctrl-C stops everything.\n")
}
