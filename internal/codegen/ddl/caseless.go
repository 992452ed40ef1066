package ddl

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// ignoreCase makes unique indexes that end with an e-mail address unique without case: on lower(column). Addresses are stored
// in lower case, which such an index also asks of rows that SQL or an older release writes. Ent has no form for an expression
// in an index, so its text is changed.
func ignoreCase(sql string, graph *gen.Graph, tables []*schema.Table) (string, error) {
	for _, node := range graph.MutableNodes() {
		i := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == node.Table() })
		if i < 0 {
			continue
		}
		for _, index := range tables[i].Indexes {
			last := index.Columns[len(index.Columns)-1].Name
			email, err := isEmail(node, last)
			if err != nil {
				return "", err
			}
			if !email || !index.Unique {
				continue
			}
			line := fmt.Sprintf(`CREATE UNIQUE INDEX %q ON %q.%q (`, index.Name, tables[i].Schema, tables[i].Name)
			start := strings.Index(sql, line)
			if start < 0 {
				return "", fmt.Errorf("write DDL: nothing of the form %s…, which an e-mail address needs", line)
			}
			start += len(line)
			// The first mention: the key's columns come before those that are included, and before the predicate.
			column := fmt.Sprintf(`%q`, last)
			at := strings.Index(sql[start:], column)
			if at < 0 || at > strings.IndexByte(sql[start:], ';') {
				return "", fmt.Errorf("write DDL: index %s does not have the column %s", index.Name, column)
			}
			sql = sql[:start+at] + fmt.Sprintf(`lower(%q::text)`, last) + sql[start+at+len(column):]
		}
	}
	return sql, nil
}

// isEmail reports whether the entity's column holds e-mail addresses.
func isEmail(node *gen.Type, column string) (bool, error) {
	for _, f := range node.Fields {
		if f.StorageKey() != column {
			continue
		}
		annotation, err := contract.Of(f.Annotations)
		return annotation.Email, err
	}
	return false, nil
}
