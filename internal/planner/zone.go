package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// elsewhere are settings under which generated times are of another day than in UTC, and print and read otherwise. The runner
// pins what a migration runs under; other tools, the Atlas CLI among them, take what the server says.
const elsewhere = `SET LOCAL timezone = 'Pacific/Kiritimati'; SET LOCAL datestyle = 'SQL, DMY'; SET LOCAL intervalstyle = 'iso_8601'`

// allowZone is the rule whose allowance says that a migration may depend on the session's settings.
const allowZone = "time-zone"

var (
	// writesValues are the statements that may change what rows hold.
	writesValues = regexp.MustCompile(`(?is)^(?:with|update|insert|merge|delete|select|do|execute)\b|^alter\s+table\b.*\b(?:type|add|set\s+default)\b`)
	// readsClock are the functions whose result is another one each time anyway.
	readsClock = regexp.MustCompile(`(?i)\b(?:now|statement_timestamp|transaction_timestamp|timeofday)\s*\(|\b(?:current_(?:date|time|timestamp)|localtime(?:stamp)?)\b`)
	// commits are a batch's own; in a transaction that is taken back there are none.
	commits = regexp.MustCompile(`(?im)^\s*commit\s*;`)
)

// elsewhereToo runs a migration twice in transactions that are taken back, under the runner's settings and under others, and
// says in which values the results differ. Values that differ from one run to the next anyway do not count.
func (d *database) elsewhereToo(ctx context.Context, m *migrate.Migration) ([]string, error) {
	writes := slices.ContainsFunc(m.Up.Statements, func(s migrate.Statement) bool { return writesValues.MatchString(s.Text) })
	alone := slices.ContainsFunc(m.Up.Statements, func(s migrate.Statement) bool {
		return strings.Contains(strings.ToUpper(s.Text), "CONCURRENTLY") || readsClock.MatchString(s.Text)
	})
	if !writes || alone {
		return nil, nil
	}
	here, err := d.trial(ctx, m, "")
	if err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return nil, nil // it fails anyway, or cannot run in a transaction
		}
		return nil, err
	}
	there, err := d.trial(ctx, m, elsewhere)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		return []string{"it fails there: " + pg.Message}, nil
	case err != nil:
		return nil, err
	}
	differing := slices.Concat(here.lostIn(there), there.lostIn(here))
	if len(differing) == 0 {
		return nil, nil
	}
	again, err := d.trial(ctx, m, "")
	if err != nil {
		return nil, err
	}
	changing := slices.Concat(here.lostIn(again), again.lostIn(here))
	said := map[string]bool{}
	var out []string
	for _, l := range differing {
		same := func(o loss) bool { return o.Table == l.Table && o.Column == l.Column }
		if key := l.Table + "." + l.Column; !said[key] && !slices.ContainsFunc(changing, same) {
			said[key] = true
			out = append(out, l.String())
		}
	}
	return out, nil
}

// trial returns what the rows hold after a migration that is taken back again.
func (d *database) trial(ctx context.Context, m *migrate.Migration, settings string) (content, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin a trial: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, sql := range append([]string{pgcatalog.Pin("public", true), settings}, texts(m.Up.Statements)...) {
		if _, err := tx.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return nil, fmt.Errorf("try %s: %w", m.Up.Name, err)
		}
	}
	// What is compared reads the same, however it was written.
	if _, err := tx.Exec(ctx, pgcatalog.Pin("public", true), pgx.QueryExecModeSimpleProtocol); err != nil {
		return nil, fmt.Errorf("try %s: %w", m.Up.Name, err)
	}
	return d.rows(ctx)
}

func texts(statements []migrate.Statement) []string {
	var out []string
	for _, s := range statements {
		out = append(out, commits.ReplaceAllString(s.Text, ""))
	}
	return out
}

// zoneProblem is what to do about a migration whose values depend on the session.
func zoneProblem(m *migrate.Migration, found []string) string {
	return fmt.Sprintf("%s gives rows other values where the session's time zone or date style is another: %s. Say the zone, `column AT TIME ZONE 'UTC'`, and write dates as 2024-12-31; or say why it may, `-- lockstep:allow %s reason`, and run `lockstep migrate hash`",
		m.Up.Name, strings.Join(found, "; "), allowZone)
}
