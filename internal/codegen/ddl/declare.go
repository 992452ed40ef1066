package ddl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// compute gives columns of contract.Generated their expression. Ent has no form for it, so its text is changed.
func compute(sql string, graph *gen.Graph, tables []*schema.Table) (string, error) {
	for _, node := range graph.MutableNodes() {
		for _, f := range node.Fields {
			annotation, err := contract.Of(f.Annotations)
			if err != nil || annotation.Generated == "" {
				if err != nil {
					return "", err
				}
				continue
			}
			if strings.Contains(annotation.Generated, ";") || strings.Count(annotation.Generated, "(") != strings.Count(annotation.Generated, ")") {
				return "", fmt.Errorf("entity %s: field %s: contract.Generated(%q) is no expression: write what stands in GENERATED ALWAYS AS (…)", node.Name, names.Of(f), annotation.Generated)
			}
			i := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == node.Table() })
			form := regexp.MustCompile(fmt.Sprintf(`(?s)(CREATE TABLE %q\.%q \(\n.*?\n  %q [^\n]*?)(,?\n)`, tables[i].Schema, tables[i].Name, f.StorageKey()))
			place := form.FindStringSubmatchIndex(sql)
			if place == nil {
				return "", fmt.Errorf("write DDL: table %s has no line for column %s, which is generated", node.Table(), f.StorageKey())
			}
			sql = sql[:place[3]] + " GENERATED ALWAYS AS (" + annotation.Generated + ") STORED" + sql[place[3]:]
		}
	}
	return sql, nil
}

// declare adds the statements of ent/schema/*.sql: extensions and functions that tables call before the tables, the rest behind them.
func declare(sql string, declared []sqlfile.Statement) (string, error) {
	if len(declared) == 0 {
		return sql, nil
	}
	const opening = "CREATE SCHEMA \"" + pgcatalog.Schema + "\";\n"
	at := strings.Index(sql, opening)
	if at < 0 {
		return "", fmt.Errorf("write DDL: nothing of the form %s", opening)
	}
	at += len(opening)
	early := needed(sql, declared)
	var before, after strings.Builder
	if slices.ContainsFunc(declared, func(s sqlfile.Statement) bool { return s.Kind == sqlfile.Grant }) {
		fmt.Fprintf(&before, "-- The role that is granted to, unless the cluster has it\n%s;\n", pgcatalog.CreateAppRole)
	}
	for i, s := range declared {
		to := &after
		if early[i] {
			to = &before
		}
		fmt.Fprintf(to, "-- %s declares the %s %s\n%s;\n", s.File, s.Kind, s.Name, s.Text)
	}
	return sql[:at] + before.String() + strings.TrimRight(sql[at:], "\n") + "\n" + after.String(), nil
}

// needed are the statements that the tables' own DDL calls, or that those call, by index: extensions, functions and their grants.
func needed(sql string, declared []sqlfile.Statement) map[int]bool {
	out := map[int]bool{}
	for again := true; again; {
		again = false
		for i, s := range declared {
			if out[i] || s.Kind != sqlfile.Extension && s.Kind != sqlfile.Function && s.Kind != sqlfile.Grant {
				continue
			}
			called := regexp.MustCompile(`\b` + regexp.QuoteMeta(s.Name) + `"?\s*\(`)
			before := func(by int, o sqlfile.Statement) bool {
				return out[by] && o.Kind == sqlfile.Function && (called.MatchString(o.Text) && o.Name != s.Name || o.Name == s.Name)
			}
			if s.Kind == sqlfile.Extension || s.Kind == sqlfile.Function && called.MatchString(sql) || anyIndexed(declared, before) {
				out[i], again = true, true
			}
		}
	}
	return out
}

func anyIndexed(declared []sqlfile.Statement, is func(int, sqlfile.Statement) bool) bool {
	for i, s := range declared {
		if is(i, s) {
			return true
		}
	}
	return false
}
