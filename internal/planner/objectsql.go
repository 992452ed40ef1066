package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// sql is the statement that makes the object.
func (o object) sql() string {
	if o.Kind == "extension" {
		return "CREATE EXTENSION IF NOT EXISTS " + o.Name // operators may have installed it
	}
	return pgcatalog.Difference{Kind: o.Kind, Name: o.Name, Want: o.definition, Missing: true}.Repair()[0]
}

func (o object) create() []Statement {
	out := []Statement{{Comment: fmt.Sprintf("Create %s %s", o.Kind, o.Name), SQL: o.sql()}}
	for _, index := range o.indexes {
		out = append(out, Statement{SQL: index})
	}
	have := map[string]string{}
	if o.Routine() {
		have[everybody] = "EXECUTE" // Postgres grants that by itself
	}
	out = append(out, o.rights(have)...)
	if o.comment != "" {
		out = append(out, o.say())
	}
	return out
}

func (o object) drop() Statement {
	name := o.Name
	if table, trigger, ok := cutLast(o.Name, "."); ok && o.Kind == "trigger" {
		name = trigger + " ON " + table
	}
	return Statement{Comment: fmt.Sprintf("Drop %s %s", o.Kind, o.Name), SQL: fmt.Sprintf("DROP %s %s", strings.ToUpper(o.Kind), name)}
}

// rights turns the grants that are there into the object's own.
func (o object) rights(have map[string]string) []Statement {
	on := strings.ToUpper(nounOf(o.Declared, "table")) + " " + o.Name
	var out []Statement
	for _, role := range slices.Sorted(maps.Keys(have)) {
		if o.grants[role] != have[role] {
			who := strings.ToUpper(role)
			if role != everybody {
				who = role
			}
			out = append(out, Statement{Comment: fmt.Sprintf("Least privilege for %s %s", o.Kind, o.Name), SQL: fmt.Sprintf("REVOKE ALL ON %s FROM %s", on, who)})
		}
	}
	for _, role := range slices.Sorted(maps.Keys(o.grants)) {
		if o.grants[role] != have[role] {
			out = append(out, Statement{Comment: fmt.Sprintf("Let %s use %s %s", role, o.Kind, o.Name), SQL: fmt.Sprintf("GRANT %s ON %s TO %s", o.grants[role], on, role)})
		}
	}
	return out
}

func (o object) say() Statement {
	text := "NULL"
	if o.comment != "" {
		text = literal(o.comment)
	}
	name := o.Name
	if table, trigger, ok := cutLast(o.Name, "."); ok && o.Kind == "trigger" {
		name = trigger + " ON " + table
	}
	return Statement{Comment: fmt.Sprintf("Set comment to %s %s", o.Kind, o.Name), SQL: fmt.Sprintf("COMMENT ON %s %s IS %s", strings.ToUpper(o.Kind), name, text)}
}
