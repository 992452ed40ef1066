package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// example writes a call of a method as a caller would: with everything that must be given, the body the contract shows, and the
// options worth knowing. It needs to know what the method answers. It compiles against the SDK; a test of the SDK holds every page to that.
func (d *document) example(resource string, m *method, op *operation, params []*parameter) (string, error) {
	var arguments []*literal
	for _, match := range placeholder.FindAllStringSubmatch(m.Route, -1) {
		i := slices.IndexFunc(params, func(p *parameter) bool { return p.In == "path" && p.Name == match[1] })
		value, err := d.sample(params[i].Schema, params[i].Example)
		if err != nil {
			return "", err
		}
		arguments = append(arguments, value)
	}
	if op.RequestBody != nil {
		value, err := d.sampleBody(op.RequestBody)
		if err != nil {
			return "", err
		}
		arguments = append(arguments, value)
	}
	query, options := &literal{open: "{ ", end: " }"}, &literal{open: "{ ", end: " }"}
	if m.Item == "" {
		query = options
	}
	for _, p := range params {
		shown, target, name := p.Required, query, p.Name
		switch p.In {
		case "query":
			shown = shown || p.Name == "sort" || p.Name == "expand"
		case "header":
			// A version makes a change conditional; the key of a POST is made up by the client.
			shown, target, name = shown || strings.EqualFold(p.Name, "If-Match"), options, camel(p.Name)
		default:
			continue
		}
		if !shown {
			continue
		}
		value, err := d.sample(p.Schema, p.Example)
		if err != nil {
			return "", err
		}
		if strings.EqualFold(p.Name, "If-Match") {
			value = &literal{text: `'"1"'`}
		}
		target.items = append(target.items, entry{property(name) + ": ", value})
	}
	if m.Item != "" && (len(query.items) > 0 || len(options.items) > 0) {
		arguments = append(arguments, query)
	}
	if len(options.items) > 0 {
		arguments = append(arguments, options)
	}
	call := &literal{open: "client." + resource + "." + m.Name + "(", end: ")"}
	for _, a := range arguments {
		call.items = append(call.items, entry{"", a})
	}
	m.Expression = call.line()
	name := variable(m.Answer)
	switch {
	case m.Item != "":
		call.open, call.end = "for await (const "+name+" of "+call.open, ")) {"
		return call.write("", 0) + "\n  console.log(" + name + ");\n}", nil
	case m.Answer == "void":
		call.open, call.end = "await "+call.open, ");"
		return call.write("", 0), nil
	}
	call.open, call.end = "const "+name+" = await "+call.open, ");"
	return call.write("", 0) + "\nconsole.log(" + name + ");", nil
}

// variable is what a value of a type is called: user for UserWithRoles.
func variable(t string) string {
	if !identifier.MatchString(t) {
		return "answer"
	}
	t, _, _ = strings.Cut(t, "With")
	return argument(t)
}

func (d *document) sampleBody(body *requestBody) (*literal, error) {
	body, err := d.requestBody(body)
	if err != nil {
		return nil, err
	}
	for _, t := range jsonTypes {
		if media, ok := body.Content[t]; ok {
			return d.sample(media.Schema, media.Example)
		}
	}
	return nil, fmt.Errorf("the request body has no example")
}

// sample is a value of a schema: the example given, its own, or one made up.
func (d *document) sample(s *schema, given json.RawMessage) (*literal, error) {
	if len(given) == 0 {
		value, err := d.invent(s, 0)
		if err != nil {
			return nil, err
		}
		if given, err = json.Marshal(value); err != nil {
			return nil, fmt.Errorf("write an example: %w", err)
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(given))
	decoder.UseNumber()
	value, err := readLiteral(decoder)
	if err != nil {
		return nil, fmt.Errorf("read an example: %w", err)
	}
	return value, nil
}

// exampleWidth is the line length examples are wrapped at: pages are narrower than code.
const exampleWidth = 100

// deepest is how far schemas that contain themselves are followed.
const deepest = 8

// invent makes up a value of a schema, with nothing in it that may be left out.
func (d *document) invent(s *schema, depth int) (any, error) {
	if s == nil || depth > deepest {
		return nil, nil
	}
	s, err := d.schema(s)
	if err != nil {
		return nil, err
	}
	switch {
	case len(s.Example) > 0:
		return s.Example, nil
	case len(s.Enum) > 0:
		return s.Enum[0], nil
	case len(s.OneOf) > 0:
		return d.invent(s.OneOf[0], depth+1)
	case len(s.AnyOf) > 0:
		return d.invent(s.AnyOf[0], depth+1)
	case len(s.AllOf) == 1:
		return d.invent(s.AllOf[0], depth+1)
	}
	switch s.Type {
	case "string":
		return formats[s.Format], nil
	case "boolean":
		return true, nil
	case "integer", "number":
		return 1, nil
	case "array":
		item, err := d.invent(s.Items, depth+1)
		return []any{item}, err
	}
	object := map[string]any{}
	for _, part := range append(slices.Clone(s.AllOf), s) {
		if part, err = d.schema(part); err != nil {
			return nil, err
		}
		for _, name := range part.Required {
			if object[name], err = d.invent(part.Properties[name], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return object, nil
}

// formats is what a string of a format looks like.
var formats = map[string]string{
	"":          "text",
	"uuid":      "0199c0de-0000-7000-8000-000000000001",
	"date-time": "2026-01-31T12:00:00Z",
	"date":      "2026-01-31",
	"email":     "ada@example.com",
	"uri":       "https://example.com",
}

// literal is a TypeScript expression that is broken into lines where it is long.
type literal struct {
	text      string // of one that cannot be broken
	open, end string
	items     []entry
}

type entry struct {
	name  string
	value *literal
}

// readLiteral reads a JSON value, its members in their order.
func readLiteral(decoder *json.Decoder) (*literal, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		l := &literal{open: "{ ", end: " }"}
		if token == '[' {
			l.open, l.end = "[", "]"
		}
		for decoder.More() {
			name := ""
			if token == '{' {
				key, err := decoder.Token()
				if err != nil {
					return nil, err
				}
				name = property(key.(string)) + ": "
			}
			value, err := readLiteral(decoder)
			if err != nil {
				return nil, err
			}
			l.items = append(l.items, entry{name, value})
		}
		_, err := decoder.Token()
		return l, err
	case string:
		return &literal{text: quote(token)}, nil
	case nil:
		return &literal{text: "null"}, nil
	}
	return &literal{text: fmt.Sprint(token)}, nil
}

func (l *literal) line() string {
	if l.text != "" {
		return l.text
	}
	if len(l.items) == 0 {
		return strings.TrimSpace(l.open) + strings.TrimSpace(l.end)
	}
	items := make([]string, len(l.items))
	for i, item := range l.items {
		items[i] = item.name + item.value.line()
	}
	return l.open + strings.Join(items, ", ") + l.end
}

// write writes the expression at an indentation, beside so many other characters of its first line.
func (l *literal) write(indent string, beside int) string {
	if line := l.line(); l.text != "" || len(l.items) == 0 || len(indent)+beside+len(line) <= exampleWidth {
		return line
	}
	// One argument that is an object keeps the call's brackets together with its own.
	if len(l.items) == 1 && l.items[0].name == "" && l.items[0].value.text == "" && strings.HasSuffix(l.open, "(") {
		return l.open + l.items[0].value.write(indent, len(l.open)+len(l.end)) + l.end
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(l.open, " ") + "\n")
	for _, item := range l.items {
		b.WriteString(indent + "  " + item.name + item.value.write(indent+"  ", len(item.name)+1) + ",\n")
	}
	return b.String() + indent + strings.TrimLeft(l.end, " ")
}
