package pgcatalog

import (
	"fmt"
	"maps"
	"strings"
)

// settings are those on which it depends how a session reads and prints values (PostgreSQL manual, Client Connection Defaults
// and Version and Platform Compatibility). Servers, databases and roles may set others: New York's zone turns the same
// timestamptz into another date, and prints the same default as another text.
var settings = []struct{ name, value string }{
	{"timezone", "UTC"},
	{"datestyle", "ISO, MDY"},
	{"intervalstyle", "postgres"},
	{"lc_monetary", "C"},
	{"lc_numeric", "C"},
	{"lc_time", "C"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"xmloption", "content"},
	{"array_nulls", "on"},
	{"transform_null_equals", "off"},
	{"standard_conforming_strings", "on"},
	{"quote_all_identifiers", "off"},
}

// Pin is the SQL that sets what a session reads and prints values by, whatever server, database and role say, with the search
// path given. Local binds the transaction only.
func Pin(searchPath string, local bool) string {
	set := "SET "
	if local {
		set = "SET LOCAL "
	}
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "%s%s = '%s';\n", set, s.name, s.value)
	}
	fmt.Fprintf(&b, "%ssearch_path = %s", set, searchPath)
	return b.String()
}

// PinAtStart adds to the parameters of a connection what Pin sets.
func PinAtStart(parameters map[string]string, searchPath string) {
	pinned := map[string]string{"search_path": searchPath}
	for _, s := range settings {
		pinned[s.name] = s.value
	}
	maps.Copy(parameters, pinned)
}
