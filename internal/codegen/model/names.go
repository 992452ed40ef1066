package model

import (
	"regexp"
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

// ALabel is the entity's name with its article: an invoice, a user role.
func (e *Entity) ALabel() string { return article(e.Label()) + " " + e.Label() }

// TableOf is the name of an entity's table, and of its migrations: Category → categories.
func TableOf(entity string) string { return plural(snake(entity)) }

// Words that begin with a vowel and are not spoken so, and the reverse: most of these are spelt out, letter by letter.
var (
	consonants = regexp.MustCompile(`^(eu|ewe|on(c?e)\b|u(b|f|t)[aeiou]|ur[aeiou]|uni($|[^nm])|us[aeiu]|u(dp|fo|i|id|rl|ri|sb|uid)\b)`)
	vowels     = regexp.MustCompile(`^(heir|honest|hono|hour|(faq|hr|html|http|https|lcd|lte|mfa|mp3|mri|nda|npm|nps|rfp|rfq|rss|sdk|seo|sla|sms|smtp|ssh|ssl|ssn|svg|xml)\b)`)
)

// article is the indefinite one of words in lower case.
func article(words string) string {
	if !consonants.MatchString(words) && (strings.ContainsRune("aeiou", rune(words[0])) || vowels.MatchString(words)) {
		return "an"
	}
	return "a"
}

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
