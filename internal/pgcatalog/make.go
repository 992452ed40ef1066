package pgcatalog

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed make.sql
var makeSQL string

// Layout is what a fingerprint leaves out and making its objects anew needs. Names are quoted where needed.
type Layout struct {
	// Columns are those of each table and composite type, in order.
	Columns map[string][]string
	// Extensions are the schemas that extensions lie in.
	Extensions map[string]string
	// Settings are the statements that give columns their storage and statistics.
	Settings []string
	// Others identify the objects of kinds that the fingerprint does not describe, such as collations and publications.
	Others []string
}

// ReadLayout reads the layout of a database.
func ReadLayout(ctx context.Context, db Beginner) (l Layout, err error) {
	err = readOnly(ctx, db, func(tx pgx.Tx) error { return tx.QueryRow(ctx, makeSQL).Scan(&l) })
	if err != nil {
		return Layout{}, fmt.Errorf("read the layout of the catalog: %w", err)
	}
	return l, nil
}

// Stage says when an object can be made, relative to rows: unique indexes and references after them cost less, and rows
// that break a NOT VALID constraint are there before it.
type Stage int

// The stages, in order.
const (
	StageSchemas Stage = iota // and extensions
	StageTables               // and types, functions and sequences
	StageRows                 // no object is made here
	StageIndexes              // and everything else
	StageComments
)

// Part is one statement that makes a part of a database.
type Part struct {
	Stage   Stage
	Comment string
	SQL     string
}

var (
	tableForm      = regexp.MustCompile(`(?s)^(unlogged)? ?(partition by .+?)? ?(?:inherits (.+?))? ?(FOR VALUES .+?|DEFAULT)? ?(?:with \((.*?)\))? ?(?:replica identity (nothing|full|index))?$`)
	indexTableForm = regexp.MustCompile(`(?s)^(CREATE (?:UNIQUE )?INDEX (?:"(?:[^"]|"")+"|\S+) ON )(ONLY )?((?:"(?:[^"]|"")+"|[^\s".]+)\.(?:"(?:[^"]|"")+"|[^\s".]+))`)
)

// maker turns the objects of a fingerprint into statements.
type maker struct {
	objects Fingerprint
	layout  Layout
	kinds   map[string]string // by name, of relations and domains
	parts   []Part
}

// Make lists the statements that make the objects of want which a database that has have lacks. Within a stage they are in
// an order that mostly works; where one needs another that is listed later, it is for the caller to try again. Grants are
// left out: what objects get by default is known when they are there.
func (l Layout) Make(have, want Fingerprint) []Part {
	m := &maker{objects: want, layout: l, kinds: map[string]string{}}
	for _, o := range want {
		switch o.Kind {
		case "table", "view", "materialized view", "index", "sequence", "domain", "foreign table":
			m.kinds[o.Name] = o.Kind
		}
	}
	missing := slices.DeleteFunc(Stored{Objects: want}.Drift(have), func(d Difference) bool { return !d.Missing })
	slices.SortStableFunc(missing, func(a, b Difference) int { return a.rank() - b.rank() })
	for _, d := range missing {
		m.make(d)
	}
	for _, sql := range l.Settings {
		m.add(StageTables, "", sql)
	}
	return m.parts
}

func (m *maker) add(stage Stage, comment string, statements ...string) {
	for i, sql := range statements {
		if sql == "" {
			continue
		}
		if i > 0 {
			comment = ""
		}
		m.parts = append(m.parts, Part{stage, comment, sql})
	}
}

func (m *maker) make(d Difference) {
	parent, name := split(d.Name)
	says := fmt.Sprintf("Create %s %s", d.Kind, d.Name)
	switch d.Kind {
	case "schema":
		m.add(StageSchemas, says, "CREATE SCHEMA "+d.Name)
	case "extension":
		m.add(StageSchemas, says, fmt.Sprintf("CREATE EXTENSION %s SCHEMA %s", d.Name, m.layout.Extensions[d.Name]))
	case "enum", "domain", "function", "procedure":
		if !strings.Contains(d.Want, "\n LANGUAGE internal\n") { // a range type brings its own
			m.add(StageTables, says, d.Repair()...)
		}
	case "sequence":
		if !m.identity(ownerOf(d.Want)) {
			m.add(StageTables, says, d.Repair()...)
		}
	case "range":
		m.add(StageTables, says, fmt.Sprintf("CREATE TYPE %s AS RANGE (SUBTYPE = %s)", d.Name, d.Want))
	case "composite type":
		m.add(StageTables, says, fmt.Sprintf("CREATE TYPE %s AS (\n  %s\n)", d.Name, strings.Join(m.columns(d.Name), ",\n  ")))
	case "table":
		m.table(d, says)
	case "constraint":
		m.constraint(d, parent, name)
	case "index":
		m.index(d, parent, says)
	case "view", "materialized view", "trigger", "rule", "statistics":
		m.add(StageIndexes, says, d.Repair()...)
	case "row security":
		m.add(StageIndexes, "Fence in the rows of "+d.Name, strings.ReplaceAll(strings.Join(d.rowSecurity(), ","), ",ALTER TABLE "+d.Name, ","))
	case "policy":
		m.add(StageIndexes, says, d.Repair()...)
	case "comment":
		m.add(StageComments, "", m.comment(d))
	}
}

// columns are the definitions of a table's columns.
func (m *maker) columns(table string) []string {
	var out []string
	for _, column := range m.layout.Columns[table] {
		definition, _ := m.find("column", table+"."+column)
		if strings.HasSuffix(definition, "as identity") {
			definition += m.identityOptions(table + "." + column)
		}
		out = append(out, column+" "+definition)
	}
	return out
}

func (m *maker) find(kind, name string) (definition string, ok bool) {
	i, ok := slices.BinarySearchFunc(m.objects, Object{Kind: kind, Name: name}, compare)
	if !ok {
		return "", false
	}
	return m.objects[i].Definition, true
}

func (m *maker) identity(column string) bool {
	definition, ok := m.find("column", column)
	return ok && strings.HasSuffix(definition, "as identity")
}

// identityOptions are those of the sequence that an identity column has.
func (m *maker) identityOptions(column string) string {
	for _, o := range m.objects {
		if o.Kind == "sequence" && ownerOf(o.Definition) == column {
			s := sequenceForm.FindStringSubmatch(o.Definition)
			cycle := ""
			if s[7] != "" {
				cycle = " CYCLE"
			}
			return fmt.Sprintf(" (SEQUENCE NAME %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s)", o.Name, s[2], s[3], s[4], s[5], s[6], cycle)
		}
	}
	return ""
}

// partition says whether a table is a partition, whose constraints and indexes come from its parent.
func (m *maker) partition(table string) bool {
	definition, _ := m.find("table", table)
	f := tableForm.FindStringSubmatch(definition)
	return f != nil && f[4] != ""
}

func (m *maker) table(d Difference, says string) {
	f := tableForm.FindStringSubmatch(d.Want)
	if f == nil {
		return // the caller sees that it is not there
	}
	unlogged := map[bool]string{true: "UNLOGGED ", false: ""}[f[1] != ""]
	sql := fmt.Sprintf("CREATE %sTABLE %s ", unlogged, d.Name)
	if f[4] != "" {
		sql += "PARTITION OF " + f[3] + " " + f[4]
	} else {
		lines := m.columns(d.Name)
		for _, o := range m.objects {
			if parent, name := split(o.Name); o.Kind == "constraint" && parent == d.Name && inline(o.Definition) {
				lines = append(lines, fmt.Sprintf("CONSTRAINT %s %s", name, o.Definition))
			}
		}
		sql += "(\n  " + strings.Join(lines, ",\n  ") + "\n)"
		if f[3] != "" {
			sql += " INHERITS (" + f[3] + ")"
		}
	}
	if f[2] != "" {
		sql += " " + strings.ToUpper("partition by") + strings.TrimPrefix(f[2], "partition by")
	}
	if f[5] != "" {
		sql += " WITH (" + f[5] + ")"
	}
	m.add(StageTables, says, sql)
	if f[6] == "nothing" || f[6] == "full" {
		m.add(StageIndexes, "", fmt.Sprintf("ALTER TABLE %s REPLICA IDENTITY %s", d.Name, strings.ToUpper(f[6])))
	}
}

// inline says whether a constraint can be made with its table.
func inline(definition string) bool {
	return !strings.HasPrefix(definition, "FOREIGN KEY") && !strings.HasSuffix(definition, " NOT VALID")
}

func (m *maker) constraint(d Difference, parent, name string) {
	switch {
	case m.kinds[parent] == "domain":
		m.add(StageTables, "", fmt.Sprintf("ALTER DOMAIN %s ADD CONSTRAINT %s %s", parent, name, d.Want))
	case m.partition(parent) || m.kinds[parent] == "table" && inline(d.Want):
	default:
		m.add(StageIndexes, fmt.Sprintf("Add constraint %s to %s", name, parent), fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", parent, name, d.Want))
	}
}

func (m *maker) index(d Difference, schema, says string) {
	sql := d.Want
	sql, identity := strings.CutSuffix(sql, " replica identity")
	sql, clustered := strings.CutSuffix(sql, " clustered")
	f := indexTableForm.FindStringSubmatch(sql)
	if f == nil || m.partition(f[3]) {
		return
	}
	_, name := split(d.Name)
	if !d.carried {
		m.add(StageIndexes, says, f[1]+f[3]+strings.TrimPrefix(sql, f[0]))
	}
	if identity {
		m.add(StageIndexes, "", fmt.Sprintf("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s", f[3], name))
	}
	if clustered {
		m.add(StageIndexes, "", fmt.Sprintf("ALTER TABLE %s CLUSTER ON %s", f[3], name))
	}
}

// comment names the kind of a relation, which its entry in the fingerprint does not.
func (m *maker) comment(d Difference) string {
	sql := strings.Join(d.comment(), "")
	noun, name, _ := strings.Cut(d.Name, " ")
	if kind := m.kinds[name]; noun == "relation" && kind != "" {
		sql = strings.Replace(sql, "COMMENT ON TABLE", "COMMENT ON "+strings.ToUpper(kind), 1)
	}
	if parent, _ := split(name); noun == "constraint" && m.kinds[parent] == "domain" {
		sql = strings.Replace(sql, " ON "+parent+" IS", " ON DOMAIN "+parent+" IS", 1)
	}
	return sql
}
