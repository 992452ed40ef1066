package model

import (
	"strings"

	"entgo.io/ent/entc/gen"
	"github.com/go-openapi/inflect"
	"github.com/stoewer/go-strcase"
)

// rules are those of Ent and entoas, so that User → core.users → /v1/users stay one word.
var rules = inflect.NewDefaultRuleset()

func plural(word string) string { return rules.Pluralize(word) }

func snake(name string) string { return strcase.SnakeCase(name) }

func kebab(name string) string { return strcase.KebabCase(name) }

// camel turns Ent's snake_case into the wire's camelCase: display_name → displayName.
func camel(name string) string { return strcase.LowerCamelCase(name) }

// Label is the entity's name in a sentence: user role.
func (e *Entity) Label() string { return words(e.Name) }

// Labels is the plural: user roles.
func (e *Entity) Labels() string { return words(strings.TrimPrefix(e.Path, "/v1/")) }

func words(name string) string { return strings.ReplaceAll(snake(name), "_", " ") }

// schemaComment is the text of schema.Comment in the entity's Annotations.
func schemaComment(node *gen.Type) string {
	annotation, ok := node.Annotations["Comment"].(map[string]any)
	if !ok {
		return ""
	}
	text, _ := annotation["Text"].(string)
	return text
}
