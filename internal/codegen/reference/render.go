package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// most is how many lines of each output a row shows.
const most = 6

// follows is what a row leads to.
type follows struct {
	SQL, Contract, SDK []string
}

// say renders a row.
func (r row) say(f follows) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n```go\n%s\n```\n\n", r.Title, r.Text, r.Source)
	for _, part := range []struct {
		name  string
		lines []string
	}{{"SQL", f.SQL}, {"Contract", f.Contract}, {"SDK", f.SDK}} {
		switch shown := part.lines[:min(len(part.lines), most)]; {
		case len(shown) == 0:
			fmt.Fprintf(&b, "- %s: nothing\n", part.name)
		case len(shown) == 1:
			fmt.Fprintf(&b, "- %s: %s\n", part.name, shown[0])
		default:
			fmt.Fprintf(&b, "- %s:\n  - %s\n", part.name, strings.Join(shown, "\n  - "))
		}
		if more := len(part.lines) - most; more > 0 {
			fmt.Fprintf(&b, "  - and %d more\n", more)
		}
	}
	return b.String()
}

func code(text string) string {
	mark := "`"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	if len(mark) > 1 {
		return mark + " " + text + " " + mark
	}
	return mark + text + mark
}

// contractLines says each change once, with all the places where it is the same.
func contractLines(changes []change) []string {
	var texts []string
	places := map[string][]string{}
	for _, c := range changes {
		place, text := c.describe()
		if text == "" {
			continue
		}
		if _, known := places[text]; !known {
			texts = append(texts, text)
		}
		if !slices.Contains(places[text], place) {
			places[text] = append(places[text], place)
		}
	}
	var out []string
	for _, text := range texts {
		at := places[text]
		more := ""
		if len(at) > 4 {
			more = fmt.Sprintf(" and %d more", len(at)-3)
			at = at[:3]
		}
		out = append(out, strings.Join(at, ", ")+more+": "+text)
	}
	return out
}

// describe names the place of a change and says what is there; an empty text says nothing new.
func (c change) describe() (place, text string) {
	p := c.Path
	last := p[len(p)-1]
	value := string(compact(c.Value))
	switch {
	case c.noise():
		return "", ""
	case c.Value == nil && p[0] == "paths" && len(p) == 3:
		return code(strings.ToUpper(last) + " " + p[1]), "no such operation"
	case c.Value == nil && len(p) > 1 && p[len(p)-2] == "properties":
		return code(p[len(p)-3] + "." + last), "no such member"
	case c.Value == nil:
		return "", ""
	case len(p) == 3 && p[0] == "components":
		return code(last), "a schema of its own"
	case len(p) == 2 && p[0] == "paths":
		return code(last), "operations of its own"
	case len(p) == 3 && p[0] == "paths" && slices.Contains([]string{"get", "post", "patch", "delete"}, last):
		return code(strings.ToUpper(last) + " " + p[1]), "an operation of its own"
	case last == "required":
		return code(p[len(p)-2]), "requires " + strings.Join(added(c.Value, c.Old), ", ")
	case last == "description" && p[0] == "paths" && len(p) == 4:
		return code(strings.ToUpper(p[2]) + " " + p[1]), said(c.Value, c.Old)
	case last == "description":
		return "", ""
	}
	if i := slices.Index(p, "properties"); i > 0 && i+1 < len(p) {
		rest := ""
		if i+2 < len(p) {
			rest = " " + strings.Join(p[i+2:], ".")
		}
		return code(p[i-1] + "." + p[i+1]), strings.TrimSpace(rest + " " + code(value))
	}
	if i := slices.Index(p, "parameters"); i > 1 {
		if more := added(c.Value, c.Old); c.Old != nil && len(more) > 0 {
			value = "also takes " + strings.Join(more[:min(len(more), 3)], ", ")
			if len(more) > 3 {
				value += " and what lies below"
			}
		} else {
			value = code(value)
		}
		return code(strings.ToUpper(p[i-1]) + " " + p[1] + " ?" + p[i+1]), value
	}
	if len(p) == 5 && p[3] == "responses" {
		return code(strings.ToUpper(p[2]) + " " + p[1]), "answers " + p[4] + " too"
	}
	if len(p) > 3 && p[0] == "paths" {
		return code(strings.ToUpper(p[2]) + " " + p[1]), strings.Join(p[3:], ".") + " " + code(shorten(value))
	}
	return code(strings.Join(p, ".")), code(shorten(value))
}

// noise says that a change tells nothing of the row: the list of all permissions, names of answers, the length of cursors.
func (c change) noise() bool {
	last := c.Path[len(c.Path)-1]
	at := func(i int, word string) bool { return len(c.Path) > i && c.Path[i] == word }
	return last == "pattern" && c.Old != nil ||
		at(0, "components") && !at(1, "schemas") ||
		at(3, "responses") && (c.Old != nil || len(c.Path) > 5) ||
		slices.Contains(c.Path, "cursor") && last == "maxLength"
}

// added are the items of a list that an older one lacks.
func added(value, old json.RawMessage) []string {
	var now, before []any
	if json.Unmarshal(value, &now) != nil {
		return nil
	}
	_ = json.Unmarshal(old, &before) // nil where there was none
	var out []string
	for _, item := range now {
		if !slices.Contains(before, item) {
			out = append(out, code(fmt.Sprint(item)))
		}
	}
	return out
}

// said are the sentences of a text that an older one lacks.
func said(value, old json.RawMessage) string {
	var now, before string
	if json.Unmarshal(value, &now) != nil {
		return ""
	}
	_ = json.Unmarshal(old, &before)
	var out []string
	for paragraph := range strings.SplitSeq(now, "\n\n") {
		for sentence := range strings.SplitSeq(paragraph, ". ") {
			sentence = strings.TrimSuffix(sentence, ".")
			list, isList := strings.CutPrefix(sentence, "Problems, besides those of every operation: ")
			for problem := range strings.SplitSeq(list, ", ") {
				if isList && !strings.Contains(before, problem) {
					out = append(out, "Problem: "+problem+".")
				}
			}
			if !isList && !strings.Contains(before, sentence) {
				out = append(out, sentence+".")
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "“" + strings.Join(out, " ") + "”"
}

func shorten(text string) string {
	if len(text) > 200 {
		return strings.ToValidUTF8(text[:197], "") + "…"
	}
	return text
}

// compact leaves out of a schema what is said elsewhere.
func compact(value json.RawMessage) json.RawMessage {
	var whole any
	if json.Unmarshal(value, &whole) != nil {
		return value
	}
	if object, ok := whole.(map[string]any); ok {
		for _, name := range []string{"description", "example", "name", "in", "explode", "style"} {
			if _, isText := object[name].(string); isText || name == "explode" || name == "example" {
				delete(object, name)
			}
		}
		if schema, ok := object["schema"]; ok && len(object) == 1 {
			whole = schema
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(whole) != nil {
		return value
	}
	return bytes.TrimSpace(b.Bytes())
}

// sdkLines are the lines of the SDK's types that changes of the contract are about.
func sdkLines(changes []change, types string, resources map[string]string) []string {
	var out []string
	add := func(owner, block, member string) {
		line := regexp.MustCompile(`(?m)^\s+["']?` + regexp.QuoteMeta(member) + `["']?\??: .*;$`).FindString(block)
		if line == "" {
			if open := regexp.MustCompile(`(?m)^\s+["']?` + regexp.QuoteMeta(member) + `["']?\??: \{$`).FindString(block); open != "" {
				line = open + " … }"
			}
		}
		if line = strings.TrimSuffix(strings.TrimSpace(line), ";"); line != "" {
			if text := code(owner + " { " + line + " }"); !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	for _, c := range changes {
		p := c.Path
		if c.noise() {
			continue
		}
		if i := slices.Index(p, "properties"); i == 3 && p[0] == "components" && i+1 < len(p) {
			add(p[2], block(types, p[2]), p[i+1])
		}
		if i := slices.Index(p, "parameters"); i == 3 && i+1 < len(p) && p[2] == "get" {
			for _, text := range resources {
				if strings.Contains(text, "'"+p[1]+"'") || strings.Contains(text, "`"+p[1]+"`") {
					for _, params := range regexp.MustCompile(`(?s)export interface (\w+(?:Params|Options))\b.*?\n}`).FindAllStringSubmatch(text, -1) {
						if strings.Contains(params[1], "List") != strings.Contains(p[1], "{") {
							add(params[1], params[0], p[i+1])
						}
					}
				}
			}
		}
	}
	return out
}

// block is the declaration of a type.
func block(types, name string) string {
	return regexp.MustCompile(`(?s)export (?:type|interface) ` + name + `\b.*?\n}`).FindString(types)
}
