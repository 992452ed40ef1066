package ddl

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// declaredChecks are the CHECKs that the schema declares: with entsql.Checks, with entsql.Check, which has no name of its own,
// and with contract.Check.
func declaredChecks(table string, node *gen.Type, annotation entsql.Annotation) (map[string]string, error) {
	own := maps.Clone(annotation.Checks)
	if own == nil {
		own = map[string]string{}
	}
	said, err := contract.Of(node.Annotations)
	if err != nil {
		return nil, fmt.Errorf("entity %s: %w", node.Name, err)
	}
	declare := func(name, expression string) error {
		if _, taken := own[name]; taken {
			return fmt.Errorf("entity %s: the CHECK %q is declared twice: give one of them another name", node.Name, name)
		}
		own[name] = expression
		return nil
	}
	if annotation.Check != "" {
		if err := declare(table+"_check", annotation.Check); err != nil {
			return nil, err
		}
	}
	for _, c := range said.Checks {
		if c.Name == "" || strings.TrimSpace(c.Expression) == "" || strings.TrimSpace(c.Message) == "" {
			return nil, fmt.Errorf("entity %s: contract.Check(%q, …) needs a name, an expression and a message", node.Name, c.Name)
		}
		if err := declare(c.Name, c.Expression); err != nil {
			return nil, err
		}
	}
	return own, nil
}

// CheckColumns are the columns of the table that a CHECK's expression names, in the table's order. What stands in texts,
// comments, casts and calls is no column.
func CheckColumns(t *schema.Table, expression string) []*schema.Column {
	named := map[string]bool{}
	for _, m := range words.FindAllStringSubmatch(expression, -1) {
		switch {
		case m[1] != "":
			named[strings.ReplaceAll(m[1], `""`, `"`)] = true
		case m[2] != "":
			named[strings.ToLower(m[2])] = true
		}
	}
	var columns []*schema.Column
	for _, c := range t.Columns {
		if named[c.Name] {
			columns = append(columns, c)
		}
	}
	return columns
}

// words matches, one after the other, texts, comments, quoted names (1), casts, calls, numbers and other names (2) of an
// expression (PostgreSQL manual, "Lexical Structure").
var words = regexp.MustCompile(`(?s)[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|"((?:[^"]|"")+)"|` +
	`::\s*(?:"[^"]+"|[\pL_][\pL\pN_$]*)|[\pL_][\pL\pN_$]*\s*\(|\d[\pL\pN_.]*|([\pL_][\pL\pN_$]*)`)
