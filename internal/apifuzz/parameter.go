package apifuzz

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// encoded is a query parameter's value by its style: one or several name=value pairs.
func encoded(p *openapi3.Parameter, value any) []string {
	pair := func(name string, value any) string {
		return url.QueryEscape(name) + "=" + url.QueryEscape(plain(value))
	}
	switch value := value.(type) {
	case []any:
		if p.Explode != nil && !*p.Explode {
			texts := make([]string, len(value))
			for i, item := range value {
				texts[i] = url.QueryEscape(plain(item))
			}
			return []string{url.QueryEscape(p.Name) + "=" + strings.Join(texts, ",")}
		}
		var pairs []string
		for _, item := range value {
			pairs = append(pairs, pair(p.Name, item))
		}
		return pairs
	case map[string]any:
		var pairs []string
		for _, key := range sortedKeys(value) {
			pairs = append(pairs, pair(p.Name+"["+key+"]", value[key]))
		}
		return pairs
	}
	return []string{pair(p.Name, value)}
}

func plain(value any) string {
	if raw, ok := value.(json.RawMessage); ok {
		return string(raw)
	}
	return fmt.Sprint(value)
}

// invalidParameter returns pairs for a query or path parameter that break its schema; texts only, since a URL has no types.
func (v *values) invalidParameter(p *openapi3.Parameter) []broken {
	var out []broken
	add := func(rule string, value any) { out = append(out, broken{value, p.Name + ": " + rule}) }
	s := p.Schema.Value
	switch {
	case s.Type.Is("array"):
		inner := *p
		inner.Schema = s.Items
		for _, b := range v.invalidParameter(&inner) {
			add("item "+b.rule, []any{b.value})
		}
		if s.MaxItems != nil && *s.MaxItems < 1000 {
			add("too many items", repeated(v, p.Name, s, int(*s.MaxItems)+1))
		}
	case s.Type.Is("object"):
		for _, name := range sortedKeys(s.Properties) {
			inner := *p
			inner.Name, inner.Schema = name, s.Properties[name]
			for _, b := range v.invalidParameter(&inner) {
				add(b.rule, map[string]any{name: b.value})
			}
		}
	case len(s.Enum) > 0:
		add("none of the enum", "no-such-member")
	case s.Type.Is("integer"), s.Type.Is("number"):
		for _, text := range []string{"abc", "", "1.5.5", "0xg", "1 OR 1=1", "ⅷ"} {
			add("no number", text)
		}
		if s.Type.Is("integer") {
			add("over 64 bits", "99999999999999999999")
			add("fraction", "1.5")
		}
		if s.Min != nil {
			add("below the minimum", fmt.Sprintf("%.0f", *s.Min-1))
		}
		if s.Max != nil {
			add("above the maximum", fmt.Sprintf("%.0f", *s.Max+1))
		}
	case s.Type.Is("boolean"):
		add("no boolean", "maybe")
		add("empty", "")
	case s.Type.Is("string"):
		for _, b := range v.invalidText(p.Name, s) {
			if text, ok := b.value.(string); ok {
				out = append(out, broken{text, b.rule})
			}
		}
	}
	return out
}

// headerText is a valid value of a header parameter.
func (g *generator) headerText(p *openapi3.Parameter) string {
	if strings.HasPrefix(p.Name, "If-") {
		return pick(g.Rand, append([]string{"*", `"1"`, `"no-such-tag"`, `"1", "2"`}, g.etags...))
	}
	if p.Schema.Value.Pattern != "" || p.Schema.Value.Format != "" {
		return g.text(p.Name, p.Schema.Value)
	}
	if len(g.keys) > 0 && g.chance(30) {
		return pick(g.Rand, g.keys)
	}
	key := fmt.Sprintf("key-%d", g.Uint64())
	g.keys = append(g.keys, key)
	return key
}
