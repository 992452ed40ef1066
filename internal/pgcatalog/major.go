package pgcatalog

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// qualifier is what stands before a column's name; after FROM it is the schema of a table.
	qualifier = regexp.MustCompile(`(\bFROM )?((?:"(?:[^"]|"")+"|[\pL_][\pL\pN_$]*)\.)`)
	// everyPrivilege is what GRANT ALL gave on a table before 17, which added MAINTAIN.
	everyPrivilege = "DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE"
)

// SameDefinition says whether two definitions say the same, on whatever majors of Postgres they were printed. Those from 14
// to 19 print alike, but for two things: from 16 on a query of one table leaves its name before the columns out, and from 17
// on GRANT ALL gives one privilege more.
func SameDefinition(kind, a, b string) bool {
	if a == b {
		return true
	}
	switch kind {
	case "view", "materialized view":
		// Without qualifiers in either there is one table only, so that leaving them out confuses no columns.
		shortA, shortB := unqualified(a), unqualified(b)
		return shortA == shortB && (shortA == a || shortB == b)
	case "grant":
		a, b = strings.Replace(a, "INSERT, MAINTAIN, ", "INSERT, ", 1), strings.Replace(b, "INSERT, MAINTAIN, ", "INSERT, ", 1)
		return a == everyPrivilege && b == everyPrivilege
	case "statistics":
		return inOrder(a) == inOrder(b)
	}
	return false
}

var statisticsColumns = regexp.MustCompile(`^(CREATE STATISTICS .* ON )([\w", ]+)( FROM .*)$`)

// inOrder sorts the columns of extended statistics, which Postgres prints in the order in which the table got them.
func inOrder(definition string) string {
	m := statisticsColumns.FindStringSubmatch(definition)
	if m == nil {
		return definition
	}
	columns := strings.Split(m[2], ", ")
	slices.Sort(columns)
	return m[1] + strings.Join(columns, ", ") + m[3]
}

// unqualified leaves the tables' names before columns out.
func unqualified(query string) string {
	return qualifier.ReplaceAllStringFunc(query, func(q string) string {
		if strings.HasPrefix(q, "FROM ") {
			return q
		}
		return ""
	})
}
