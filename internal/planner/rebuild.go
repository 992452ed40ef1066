package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

var (
	// ofCluster are statements about what is the cluster's and not the database's, which no comparison of databases sees,
	// and about kinds of objects that the fingerprint does not describe. They go on as they are.
	ofCluster = regexp.MustCompile(`(?is)^(?:(?:create|alter|drop|comment\s+on)\s+(?:or\s+replace\s+)?(?:role|user|group|tablespace|database|system|text\s+search|collation|conversion|aggregate|operator|cast|transform|publication|event\s+trigger|foreign\s+data|server|access\s+method|default\s+privileges|(?:trusted\s+)?(?:procedural\s+)?language)\b` +
		`|(?:grant|revoke)\s+(?:[^;]*?\son\s+(?:database|tablespace|parameter|foreign|language|large)\b|(?:(?:admin|inherit|set)\s+option\s+for\s+)?"?\w+"?(?:\s*,\s*"?\w+"?)*\s+(?:to|from)\b)` +
		`|security\s+label\b)`)
	anonymous = regexp.MustCompile(`(?is)^do\b`)
	inCluster = regexp.MustCompile(`(?i)\b(?:create|alter|drop)\s+(?:role|user|group|database)\b|\batlas_schema_revisions\b`)
)

// carried are the statements of migrations that a checkpoint repeats as they are, in order.
func carried(dir *migrate.Directory, to string) []pgcatalog.Part {
	var out []pgcatalog.Part
	for _, m := range dir.Migrations {
		if m.Version > to {
			break
		}
		if m.Up.Checkpoint != nil {
			m.Up.Statements = m.Up.Statements[1:] // what looks at older revisions is written anew
		}
		for _, s := range m.Up.Statements {
			text := strings.TrimRight(s.Text, "; \n")
			if ofCluster.MatchString(text) || anonymous.MatchString(text) && inCluster.MatchString(text) {
				out = append(out, pgcatalog.Part{Stage: pgcatalog.StageSchemas, Comment: "As in " + m.Up.Name, SQL: text})
			}
		}
	}
	return out
}

// rebuild makes the parts of another database in this empty one and returns the statements in the order in which they
// work. Each part is tried when its stage comes, and again as long as others are made meanwhile: so nothing has to be known
// about what needs what. chain are parts that keep their order.
func (d *database) rebuild(ctx context.Context, chain, parts []pgcatalog.Part) ([]Statement, error) {
	var done []Statement
	var refused error
	var stuck pgcatalog.Part
	try := func(p pgcatalog.Part) (bool, error) {
		err := d.write(ctx, p.SQL)
		if err != nil && ctx.Err() != nil {
			return false, err
		}
		if err != nil {
			if refused == nil {
				refused, stuck = err, p
			}
			return false, nil
		}
		done = append(done, Statement{Comment: p.Comment, SQL: p.SQL})
		return true, nil
	}
	for stage := pgcatalog.StageSchemas; stage <= pgcatalog.StageComments; stage++ {
		for progress := true; progress; {
			progress, refused = false, nil
			for len(chain) > 0 {
				ok, err := try(chain[0])
				if err != nil {
					return nil, err
				}
				if !ok {
					break
				}
				chain, progress = chain[1:], true
			}
			var left []pgcatalog.Part
			for _, p := range parts {
				if p.Stage <= stage {
					ok, err := try(p)
					if err != nil {
						return nil, err
					}
					if progress = progress || ok; ok {
						continue
					}
				}
				left = append(left, p)
			}
			parts = left
		}
	}
	if len(chain)+len(parts) > 0 {
		return nil, fmt.Errorf("the state the migrations lead to cannot be made at once: %w\n%s", refused, stuck.SQL)
	}
	return done, nil
}

// complete repairs what is still not as in want after a rebuild, such as grants, and returns the statements.
func (d *database) complete(ctx context.Context, want pgcatalog.Fingerprint) ([]Statement, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	have, err := pgcatalog.Read(ctx, conn)
	if err != nil {
		return nil, err
	}
	var out []Statement
	for _, difference := range (pgcatalog.Stored{Objects: want}).Drift(have) {
		for _, sql := range difference.Repair() {
			sql = strings.Replace(sql, " CONCURRENTLY", "", 1)
			if err := d.write(ctx, sql); err != nil {
				return nil, fmt.Errorf("the state the migrations lead to cannot be made at once: %s: %w\n%s", difference, err, sql)
			}
			out = append(out, Statement{SQL: sql})
		}
	}
	return out, nil
}

// clear drops all that is in the database but not in base, in an order that works, without CASCADE, and returns the statements.
func (d *database) clear(ctx context.Context, base pgcatalog.Fingerprint, before pgcatalog.Layout) ([]Statement, error) {
	have, layout, err := d.described(ctx)
	if err != nil {
		return nil, err
	}
	var drops, keys []pgcatalog.Part
	for _, other := range layout.Others { // kind and name, as DROP wants them
		if !slices.Contains(before.Others, other) {
			drops = append(drops, pgcatalog.Part{SQL: "DROP " + other})
		}
	}
	differences := pgcatalog.Diff(have, base)
	for _, difference := range differences {
		sql := strings.Join(difference.Repair(), "; ")
		switch {
		case !difference.Extra:
		case difference.Kind == "constraint" && strings.HasPrefix(difference.Got, "FOREIGN KEY"):
			keys = append(keys, pgcatalog.Part{SQL: sql, Comment: "Take apart a circle of references"})
		case difference.Kind == "extension":
			drops = append(drops, pgcatalog.Part{SQL: "DROP EXTENSION " + difference.Name})
		case slices.Contains([]string{"schema", "table", "view", "materialized view", "function", "procedure", "aggregate", "sequence", "enum", "domain", "range", "composite type"}, difference.Kind):
			drops = append(drops, pgcatalog.Part{Comment: fmt.Sprintf("Drop %s %s", difference.Kind, difference.Name), SQL: sql})
		}
	}
	slices.Reverse(drops)
	var out []Statement
	for len(drops) > 0 {
		var left []pgcatalog.Part
		var failed error
		for _, p := range drops {
			if gone, err := d.gone(ctx, p.SQL); gone {
				continue
			} else if err != nil {
				left, failed = append(left, p), err
				continue
			}
			out = append(out, Statement{Comment: p.Comment, SQL: p.SQL})
		}
		if len(left) == len(drops) {
			if len(keys) == 0 {
				return nil, fmt.Errorf("take down what the checkpoint makes: %w", failed)
			}
			// A circle of references: its keys go first.
			for _, key := range keys {
				if err := d.write(ctx, key.SQL); err == nil {
					out = append(out, Statement{Comment: key.Comment, SQL: key.SQL})
				}
			}
			keys = nil
		}
		drops = left
	}
	return out, nil
}

// gone drops an object, or finds that it went with another one.
func (d *database) gone(ctx context.Context, sql string) (already bool, err error) {
	err = d.write(ctx, sql)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && slices.Contains([]string{"42P01", "42704", "42883", "3F000"}, pg.Code) { // undefined_table, undefined_object, undefined_function, invalid_schema_name
		return true, nil
	}
	return false, err
}
