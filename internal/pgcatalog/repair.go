package pgcatalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// order is that in which missing objects can be made; what is too much goes the other way round.
var order = []string{"schema", "extension", "enum", "domain", "composite type", "range", "sequence", "table", "function", "procedure", "column", "constraint", "index", "view", "materialized view", "row security", "policy", "trigger", "rule", "statistics", "grant", "comment"}

func (d Difference) rank() int {
	i := slices.Index(order, d.Kind)
	if i < 0 {
		i = len(order)
	}
	if d.Extra {
		return -i // dependents go before what they depend on
	}
	return i + 1
}

var (
	policyForm = regexp.MustCompile(`(?s)^(permissive|restrictive) (all|select|insert|update|delete) to (.*?)(?: using (.*?))?(?: with check (.*))?$`)
	typeForm   = regexp.MustCompile(`^(.*?)(?: collate (\S+))?( not null(?: not valid)?)?(?: (generated .*)| default (.*))?$`)
)

// Repair is the SQL that makes the live object what it should be; empty where none can be given. Statements that read or
// build much do so without blocking the table. Values of a column that is missing are gone.
func (d Difference) Repair() []string {
	if d.carried {
		return nil
	}
	parent, name := split(d.Name)
	switch d.Kind {
	case "schema":
		return d.either("CREATE SCHEMA "+d.Name, "DROP SCHEMA "+d.Name)
	case "extension":
		return d.either("CREATE EXTENSION "+d.Name, "")
	case "table":
		if !d.Missing && !d.Extra {
			return alterTable(d.Name, d.Got, d.Want)
		}
		return d.either("CREATE TABLE "+d.Name+" ()", "DROP TABLE "+d.Name)
	case "column":
		if !d.Missing && !d.Extra {
			return alterColumn(parent, name, d.Got, d.Want)
		}
		return d.either(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", parent, name, d.Want), fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", parent, name))
	case "constraint":
		add := []string{fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", parent, name, d.Want)}
		if strings.HasPrefix(d.Want, "FOREIGN KEY") || strings.HasPrefix(d.Want, "CHECK") {
			if d.Got == d.Want+" NOT VALID" {
				return []string{fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", parent, name)}
			}
			if !strings.HasSuffix(d.Want, "NOT VALID") {
				add = []string{add[0] + " NOT VALID", fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", parent, name)}
			}
		}
		return d.replace(add, fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", parent, name))
	case "index":
		if d.Got == d.Want+" INVALID" {
			return []string{"REINDEX INDEX CONCURRENTLY " + d.Name}
		}
		create := strings.Replace(d.Want, "INDEX ", "INDEX CONCURRENTLY ", 1)
		return d.replace([]string{create}, "DROP INDEX CONCURRENTLY "+d.Name)
	case "row security":
		return d.rowSecurity()
	case "policy":
		return d.replace([]string{createPolicy(parent, name, d.Want)}, fmt.Sprintf("DROP POLICY %s ON %s", name, parent))
	case "trigger":
		create := []string{d.Want}
		for _, state := range []struct{ word, command string }{{" disabled", "DISABLE TRIGGER"}, {" replica", "ENABLE REPLICA TRIGGER"}, {" always", "ENABLE ALWAYS TRIGGER"}} {
			if bare, ok := strings.CutSuffix(d.Got, state.word); ok && bare == d.Want {
				return []string{fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER %s", parent, name)}
			}
			if bare, ok := strings.CutSuffix(d.Want, state.word); ok {
				create = []string{bare, fmt.Sprintf("ALTER TABLE %s %s %s", parent, state.command, name)}
			}
		}
		return d.replace(create, fmt.Sprintf("DROP TRIGGER %s ON %s", name, parent))
	case "function", "procedure":
		if d.Extra {
			return []string{"DROP " + strings.ToUpper(d.Kind) + " " + d.Name}
		}
		if d.Missing { // everybody may execute a new function; who does is a grant of its own
			return []string{strings.TrimSpace(d.Want), fmt.Sprintf("REVOKE ALL ON %s %s FROM PUBLIC", strings.ToUpper(d.Kind), d.Name)}
		}
		return []string{strings.TrimSpace(d.Want)}
	case "view", "materialized view":
		noun := strings.ToUpper(d.Kind)
		body := strings.TrimSuffix(strings.TrimSpace(d.Want), ";")
		return d.replace([]string{fmt.Sprintf("CREATE %s %s %s", noun, d.Name, body)}, fmt.Sprintf("DROP %s %s", noun, d.Name))
	case "enum":
		if !d.Missing && !d.Extra {
			return addLabels(d.Name, d.Got, d.Want)
		}
		return d.either(fmt.Sprintf("CREATE TYPE %s AS ENUM (%s)", d.Name, d.Want), "DROP TYPE "+d.Name)
	case "domain":
		return d.either(fmt.Sprintf("CREATE DOMAIN %s AS %s", d.Name, d.Want), "DROP DOMAIN "+d.Name)
	case "composite type", "range":
		return d.either("", "DROP TYPE "+d.Name)
	case "sequence":
		return d.sequence()
	case "rule":
		return d.replace([]string{strings.TrimSuffix(d.Want, ";")}, fmt.Sprintf("DROP RULE %s ON %s", name, parent))
	case "statistics":
		return d.replace([]string{d.Want}, "DROP STATISTICS "+d.Name)
	case "aggregate":
		return d.either("", "DROP AGGREGATE "+d.Name)
	case "grant":
		return d.grant()
	case "comment":
		return d.comment()
	}
	return nil
}

// either returns the one statement that makes a missing object or removes one too many.
func (d Difference) either(create, drop string) []string {
	switch {
	case d.Missing && create != "":
		return []string{create}
	case d.Extra && drop != "":
		return []string{drop}
	}
	return nil
}

// replace makes a missing object, removes one too many, or does both.
func (d Difference) replace(create []string, drop string) []string {
	switch {
	case d.Missing:
		return create
	case d.Extra:
		return []string{drop}
	}
	return append([]string{drop}, create...)
}

// split cuts the last part off a qualified name, minding quotes.
func split(name string) (parent, last string) {
	quoted := false
	for i := len(name) - 1; i >= 0; i-- {
		switch {
		case name[i] == '"':
			quoted = !quoted
		case name[i] == '.' && !quoted:
			return name[:i], name[i+1:]
		}
	}
	return "", name
}

func createPolicy(table, name, definition string) string {
	m := policyForm.FindStringSubmatch(definition)
	if m == nil {
		return "-- CREATE POLICY " + name + " ON " + table + ": see the migrations"
	}
	sql := fmt.Sprintf("CREATE POLICY %s ON %s AS %s FOR %s TO %s", name, table, strings.ToUpper(m[1]), strings.ToUpper(m[2]), m[3])
	if m[4] != "" {
		sql += " USING (" + m[4] + ")"
	}
	if m[5] != "" {
		sql += " WITH CHECK (" + m[5] + ")"
	}
	return sql
}

func (d Difference) rowSecurity() []string {
	var out []string
	for _, word := range []struct{ state, on, off string }{{"enabled", "ENABLE", "DISABLE"}, {"forced", "FORCE", "NO FORCE"}} {
		got, want := strings.Contains(d.Got, word.state), strings.Contains(d.Want, word.state)
		if want && !got {
			out = append(out, fmt.Sprintf("ALTER TABLE %s %s ROW LEVEL SECURITY", d.Name, word.on))
		}
		if got && !want {
			out = append(out, fmt.Sprintf("ALTER TABLE %s %s ROW LEVEL SECURITY", d.Name, word.off))
		}
	}
	return out
}

// alterColumn turns one definition of a column into another, part by part.
func alterColumn(table, column, got, want string) (out []string) {
	a, b := typeForm.FindStringSubmatch(got), typeForm.FindStringSubmatch(want)
	if a == nil || b == nil {
		return nil
	}
	say := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s ", table, column)+fmt.Sprintf(format, args...))
	}
	if a[4] != b[4] {
		change, ok := generation(a[4], b[4])
		if !ok { // it has to be made anew, and computes its values
			return []string{fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", table, column), fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", table, column, want)}
		}
		defer func() { out = append(out, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s %s", table, column, change)) }()
	}
	if a[1] != b[1] || a[2] != b[2] {
		collate := ""
		if b[2] != "" {
			collate = " COLLATE " + b[2]
		}
		say("TYPE %s%s USING %s::%s", b[1], collate, column, b[1])
	}
	if a[5] != b[5] {
		if b[5] == "" {
			say("DROP DEFAULT")
		} else {
			say("SET DEFAULT %s", b[5])
		}
	}
	if a[3] != b[3] {
		if b[3] == "" {
			say("DROP NOT NULL")
		} else {
			say("SET NOT NULL")
		}
	}
	return out
}

func (d Difference) grant() []string {
	i := strings.LastIndex(d.Name, " to ")
	if i < 0 {
		return nil
	}
	object, role := d.Name[:i], d.Name[i+len(" to "):]
	noun, name, _ := strings.Cut(object, " ")
	of := func(privileges string) (string, string) { return privileges, strings.ToUpper(noun) + " " + name }
	if noun == "column" {
		table, column := split(name)
		of = func(privileges string) (string, string) {
			var list []string
			for p := range strings.SplitSeq(privileges, ", ") {
				list = append(list, p+" ("+column+")")
			}
			return strings.Join(list, ", "), "TABLE " + table
		}
	}
	give := func(privileges string) string {
		grantable := strings.Contains(privileges, " with grant option")
		what, on := of(strings.ReplaceAll(privileges, " with grant option", ""))
		sql := fmt.Sprintf("GRANT %s ON %s TO %s", what, on, role)
		if grantable {
			sql += " WITH GRANT OPTION"
		}
		return sql
	}
	what, on := of(strings.ReplaceAll(d.Got, " with grant option", ""))
	return d.replace([]string{give(d.Want)}, fmt.Sprintf("REVOKE %s ON %s FROM %s", what, on, role))
}

func (d Difference) comment() []string {
	noun, name, _ := strings.Cut(d.Name, " ")
	if rest, ok := strings.CutPrefix(d.Name, "materialized view "); ok {
		noun, name = "materialized view", rest
	}
	text := "NULL"
	if !d.Extra {
		text = "'" + strings.ReplaceAll(d.Want, "'", "''") + "'"
	}
	parent, last := split(name)
	switch noun {
	case "relation":
		return []string{fmt.Sprintf("COMMENT ON TABLE %s IS %s", name, text)}
	case "routine":
		return []string{fmt.Sprintf("COMMENT ON ROUTINE %s IS %s", name, text)}
	case "column", "schema", "type", "view", "materialized view":
		return []string{fmt.Sprintf("COMMENT ON %s %s IS %s", strings.ToUpper(noun), name, text)}
	case "constraint", "policy", "trigger":
		return []string{fmt.Sprintf("COMMENT ON %s %s ON %s IS %s", strings.ToUpper(noun), last, parent, text)}
	}
	return nil
}
