package planner

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// complyRule is the rule of an allowance by which a migration says that the rows in use keep to a CHECK before it is
// validated: `-- lockstep:allow rows-comply:CONSTRAINT reason`.
const complyRule = "rows-comply:"

// validated finds the limits that a statement validates; see reportOrValidate.
var validated = regexp.MustCompile(`VALIDATE CONSTRAINT "([^"]+_` + pgcatalog.LimitSuffix + `)"`)

// comply makes generated rows keep to what a migration says that real ones do. changed: it looked at them.
func (d *database) comply(ctx context.Context, m *migrate.Migration) (changed bool, err error) {
	found := false
	keep := func(name string) {
		if d.complied == nil {
			d.complied = map[string]bool{}
		}
		d.complied[name], found = true, true
	}
	for _, a := range m.Up.Allowed {
		if name, ok := strings.CutPrefix(a.Rule, complyRule); ok {
			keep(name)
		}
	}
	// Rows over a limit keep it from being validated, which is not what the schema says. Those that a team has are reported.
	for _, limit := range validated.FindAllStringSubmatch(m.Up.SQL, -1) {
		keep(limit[1])
	}
	if !found || len(d.filled) == 0 {
		return false, nil
	}
	return true, d.fill(ctx)
}

// upDespiteRows applies a migration. Where the generated rows refer to nothing a new foreign key wants, or are alike where a
// new index or an exclusion constraint wants them different, they say nothing about real ones: it is applied without rows, and unproven says why.
func (d *database) upDespiteRows(ctx context.Context, o migrate.Options) (unproven string, err error) {
	_, err = migrate.Up(ctx, o)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !slices.Contains([]string{"23503", "23505", "23P01"}, pg.Code) {
		return "", err
	}
	shapes, failure := d.shapes(ctx)
	if failure != nil {
		return "", errors.Join(err, failure)
	}
	names := make([]string, len(shapes))
	for i, t := range shapes {
		names[i] = qualifiedName(t.Name)
	}
	if failure := d.write(ctx, "TRUNCATE "+strings.Join(names, ", ")); failure != nil {
		return "", errors.Join(err, failure)
	}
	d.filled = map[string]string{}
	if _, failure := migrate.Up(ctx, o); failure != nil {
		return "", failure
	}
	return pg.Message, nil
}
