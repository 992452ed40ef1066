package sdk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// json types a body may have. The first one offered is sent.
var jsonTypes = []string{"application/merge-patch+json", "application/json"}

func (m *method) body(d *document, body *requestBody, types *printer) error {
	body, err := d.requestBody(body)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(jsonTypes, func(t string) bool { _, ok := body.Content[t]; return ok })
	if i < 0 {
		return fmt.Errorf("the request body has the types %v, want one of %v", slices.Sorted(maps.Keys(body.Content)), jsonTypes)
	}
	t, err := types.typeOf(body.Content[jsonTypes[i]].Schema)
	if err != nil {
		return err
	}
	if body.Required {
		m.Arguments = append(m.Arguments, "body: "+t)
	} else {
		m.Arguments = append(m.Arguments, "body?: "+t)
	}
	m.Call = append(m.Call, "body")
	if jsonTypes[i] != "application/json" {
		m.Call = append(m.Call, "contentType: "+quote(jsonTypes[i]))
	}
	return nil
}

// query is what an operation's URL asks for.
type query struct {
	fields   []field
	names    []string
	comma    []string // parameters whose values are joined by commas
	required bool
	expand   *expansion
}

// expansion is the parameter that says which related rows an answer holds. It becomes a type parameter: what is asked for is
// there.
type expansion struct {
	Name   string // UsersListExpand
	Values string // 'roles' | 'managedUsers'
}

func (d *document) query(prefix string, params []*parameter, types *printer) (*query, error) {
	q := &query{}
	for _, p := range params {
		if p.In != "query" {
			continue
		}
		t, err := types.typeOf(p.Schema)
		if err != nil {
			return nil, err
		}
		if values, ok := strings.CutSuffix(t, ")[]"); ok && p.Name == "expand" {
			q.expand = &expansion{Name: prefix + "Expand", Values: strings.TrimPrefix(values, "(")}
		} else if value, ok := strings.CutSuffix(t, "'[]"); ok && p.Name == "expand" {
			q.expand = &expansion{Name: prefix + "Expand", Values: value + "'"}
		}
		if p.Name == "expand" && q.expand != nil {
			t = "readonly E[]"
		}
		q.fields = append(q.fields, field{Doc: p.Description, Deprecated: p.Deprecated, Code: property(p.Name) + optional(p.Required, t)})
		q.names = append(q.names, p.Name)
		q.required = q.required || p.Required
		switch {
		case p.Explode != nil && !*p.Explode && (p.Style == "" || p.Style == "form"):
			q.comma = append(q.comma, quote(p.Name))
		case p.Style != "" && p.Style != "form" && p.Style != "deepObject":
			return nil, fmt.Errorf("parameter %s has the style %s, want form or deepObject", p.Name, p.Style)
		}
	}
	return q, nil
}

// headerSet are the headers an operation takes.
type headerSet struct {
	fields     []field
	sent       []string // name and member of the options
	idempotent bool
	required   bool
}

func headers(params []*parameter, types *printer) (*headerSet, error) {
	h := &headerSet{}
	for _, p := range params {
		// OpenAPI 3.0.3, Parameter Object: these three are described elsewhere and ignored here.
		if p.In != "header" || slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(p.Name)) {
			continue
		}
		t, err := types.typeOf(p.Schema)
		if err != nil {
			return nil, err
		}
		name := camel(p.Name)
		h.fields = append(h.fields, field{Doc: p.Description, Deprecated: p.Deprecated, Code: name + optional(p.Required, t)})
		h.sent = append(h.sent, p.Name)
		h.required = h.required || p.Required
		h.idempotent = h.idempotent || strings.EqualFold(p.Name, "Idempotency-Key")
	}
	return h, nil
}

// base are the members of RequestOptions.
var base = []string{"signal", "timeout", "maxRetries", "headers", "fetchOptions"}

// assemble writes the arguments that follow path and body. A list takes its query first; any other operation takes it among its
// options, so that a contract that adds a parameter to an operation without one breaks no caller.
func (m *method) assemble(prefix string, q *query, h *headerSet) error {
	m.Expand = q.expand
	s := &structure{Name: prefix + "Options", Extends: "RequestOptions", Doc: "Options of {@link " + m.Class + "." + m.Name + "}."}
	required := h.required
	if len(q.fields) > 0 && m.Item != "" {
		m.Params = &structure{Name: prefix + "Params", Doc: "What to ask for in {@link " + m.Class + "." + m.Name + "}.", Fields: q.fields}
		m.Params.Generic = m.Expand.parameter()
		m.Arguments = append(m.Arguments, "params"+question(q.required)+": "+m.Params.Name+m.Expand.argument())
		m.Call = append(m.Call, "query: params")
	} else if len(q.fields) > 0 {
		s.Fields, required, s.Generic = q.fields, required || q.required, m.Expand.parameter()
	}
	s.Fields = append(s.Fields, h.fields...)
	access := "options?"
	if required {
		access = "options"
	}
	if len(q.fields) > 0 && m.Item == "" {
		var members []string
		for _, name := range q.names {
			if slices.Contains(base, name) {
				return fmt.Errorf("the query parameter %s has the name of an option: rename it", name)
			}
			members = append(members, property(name)+": "+member(access, name))
			m.Query = append(m.Query, quote(name))
		}
		m.QueryRequired = q.required
		m.Call = append(m.Call, "query: { "+strings.Join(members, ", ")+" }")
	}
	if len(q.comma) > 0 {
		m.Call = append(m.Call, "commaSeparated: ["+strings.Join(q.comma, ", ")+"]")
	}
	if h.idempotent {
		m.Call = append(m.Call, "idempotent: true")
	}
	if len(h.sent) > 0 {
		var members []string
		for _, name := range h.sent {
			members = append(members, quote(name)+": "+member(access, camel(name)))
		}
		m.Call = append(m.Call, "headers: { "+strings.Join(members, ", ")+" }")
	}
	if len(s.Fields) > 0 {
		m.Options = s
		m.Arguments = append(m.Arguments, "options"+question(required)+": "+s.Name+argumentIf(s.Generic != "", m.Expand))
	} else {
		m.Arguments = append(m.Arguments, "options?: RequestOptions")
	}
	m.Call = append(m.Call, "options")
	return nil
}

func member(object, name string) string {
	if identifier.MatchString(name) {
		return strings.TrimSuffix(object, "?") + strings.Repeat("?", strings.Count(object, "?")) + "." + name
	}
	return object + strings.Repeat(".", strings.Count(object, "?")) + "[" + quote(name) + "]"
}

// parameter declares the expansion as a type parameter of a structure.
func (e *expansion) parameter() string {
	if e == nil {
		return ""
	}
	return "<E extends " + e.Name + " = " + e.Name + ">"
}

func (e *expansion) argument() string {
	if e == nil {
		return ""
	}
	return "<E>"
}

func argumentIf(is bool, e *expansion) string {
	if !is {
		return ""
	}
	return e.argument()
}

func (m *method) returns(d *document, responses map[string]*response, q *query, types *printer) error {
	var results []string
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		r, err := d.response(responses[status])
		if err != nil {
			return err
		}
		t := "void"
		if len(r.Content) > 0 {
			json, ok := r.Content["application/json"]
			if !ok {
				return fmt.Errorf("status %s answers with %v, want application/json", status, slices.Sorted(maps.Keys(r.Content)))
			}
			if t, err = types.typeOf(json.Schema); err != nil {
				return err
			}
			if item, ok, err := pageOf(d, json.Schema, q, types); err != nil {
				return err
			} else if ok {
				m.Item, m.Answer, m.Result = item, item, t
				if q.expand != nil {
					m.Item = "Expanded<" + item + ", E>"
					m.Result = "PageOf<" + t + ", " + m.Item + ">"
				}
				m.Returns = "PagePromise<" + m.Item + ", " + m.Result + ">"
				m.Send = "page<" + m.Item + ", " + m.Result + ">"
				return nil
			}
		}
		if !slices.Contains(results, t) {
			results = append(results, t)
		}
	}
	if len(results) == 0 {
		return fmt.Errorf("no successful response is described")
	}
	m.Result = strings.Join(results, " | ")
	m.Answer = m.Result
	if q.expand != nil {
		m.Result = "Expanded<" + m.Result + ", E>"
	}
	m.Returns = "ApiPromise<" + m.Result + ">"
	m.Send = "send<" + m.Result + ">"
	return nil
}

// pageOf tells whether the operation answers with a page of a list - it takes a cursor and answers with data and nextCursor -
// and the type of the items.
func pageOf(d *document, s *schema, q *query, types *printer) (string, bool, error) {
	if !slices.Contains(q.names, "cursor") {
		return "", false, nil
	}
	s, err := d.schema(s)
	if err != nil {
		return "", false, err
	}
	data := s.Properties["data"]
	if data == nil || data.Type != "array" || s.Properties["nextCursor"] == nil {
		return "", false, nil
	}
	item, err := types.typeOf(data.Items)
	return item, true, err
}

func question(required bool) string {
	if required {
		return ""
	}
	return "?"
}
