// Package names decides what each entity and field is called in Go, where Ent, ogen and this project's own generator each put
// more identifiers beside it. In JSON and in SQL a field is called what its author wrote; only its Go identifiers give way
// where two would be one.
package names

import (
	"go/token"
	"strings"
	"unicode"

	"entgo.io/ent/entc/gen"
)

// written is the annotation that keeps a field's or edge's own name where Go has another.
const written = "LockstepWritten"

// Of is the field's name as the schema has it. Ent knows some fields by another name, which only Go code sees.
func Of(f *gen.Field) string { return own(f.Annotations, f.Name) }

// OfEdge is the edge's name as the schema has it.
func OfEdge(e *gen.Edge) string { return own(e.Annotations, e.Name) }

func own(annotations gen.Annotations, name string) string {
	if text, ok := annotations[written].(string); ok {
		return text
	}
	return name
}

// JSON is the wire's name of a field: display_name → displayName. Two names that differ stay different: an underscore that no
// lower-case letter follows, or no letter or digit precedes, is kept (line_1, type_, _id).
func JSON(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i := 0; i < len(runes); i++ {
		inside := i > 0 && i+1 < len(runes) && runes[i-1] != '_' && unicode.IsLower(runes[i+1])
		if runes[i] == '_' && inside {
			i++
			out.WriteRune(unicode.ToUpper(runes[i]))
			continue
		}
		out.WriteRune(runes[i])
	}
	return out.String()
}

// Go is an exported Go identifier for a name of the wire: displayName → DisplayName, id → ID.
func Go(wire string) string {
	if wire == "id" {
		return "ID"
	}
	name := identifier(wire)
	return strings.ToUpper(name[:1]) + name[1:]
}

// identifier is the name without what no ASCII identifier holds, and with a letter in front.
func identifier(name string) string {
	var out strings.Builder
	for _, r := range name {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'):
			out.WriteRune(r)
		default:
			out.WriteRune('_')
		}
	}
	text := out.String()
	if text == "" || !unicode.IsLetter(rune(text[0])) {
		text = "field_" + strings.TrimLeft(text, "_")
	}
	return text
}

// Set are identifiers of one scope.
type Set map[string]bool

// Add takes the name, or the first of nameField, nameFieldField… that is free, and returns it.
func (s Set) Add(name string) string {
	for s[name] {
		name += "Field"
	}
	s[name] = true
	return name
}

// exported reports whether Go takes the text as an exported identifier.
func exported(text string) bool { return token.IsIdentifier(text) && token.IsExported(text) }
