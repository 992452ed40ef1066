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

func (m *method) query(prefix string, params []*parameter, types *printer) error {
	s := &structure{Name: prefix + "Params", Doc: "What to ask for in {@link " + m.Class + "." + m.Name + "}."}
	var comma []string
	required := false
	for _, p := range params {
		if p.In != "query" {
			continue
		}
		t, err := types.typeOf(p.Schema)
		if err != nil {
			return err
		}
		s.Fields = append(s.Fields, field{Doc: p.Description, Deprecated: p.Deprecated, Code: property(p.Name) + optional(p.Required, t)})
		required = required || p.Required
		switch {
		case p.Explode != nil && !*p.Explode && (p.Style == "" || p.Style == "form"):
			comma = append(comma, quote(p.Name))
		case p.Style != "" && p.Style != "form" && p.Style != "deepObject":
			return fmt.Errorf("parameter %s has the style %s, want form or deepObject", p.Name, p.Style)
		}
	}
	if len(s.Fields) == 0 {
		return nil
	}
	m.Params = s
	m.Arguments = append(m.Arguments, "params"+question(required)+": "+s.Name)
	m.Call = append(m.Call, "query: params")
	if len(comma) > 0 {
		m.Call = append(m.Call, "commaSeparated: ["+strings.Join(comma, ", ")+"]")
	}
	return nil
}

// headers adds the options argument, with a member for each header the contract names.
func (m *method) headers(prefix string, params []*parameter, types *printer) error {
	s := &structure{Name: prefix + "Options", Extends: "RequestOptions", Doc: "Options of {@link " + m.Class + "." + m.Name + "}."}
	var sent []string
	required := false
	for _, p := range params {
		// OpenAPI 3.0.3, Parameter Object: these three are described elsewhere and ignored here.
		if p.In != "header" || slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(p.Name)) {
			continue
		}
		t, err := types.typeOf(p.Schema)
		if err != nil {
			return err
		}
		name := camel(p.Name)
		s.Fields = append(s.Fields, field{Doc: p.Description, Deprecated: p.Deprecated, Code: name + optional(p.Required, t)})
		required = required || p.Required
		access := "options?." + name
		if required {
			access = "options." + name
		}
		sent = append(sent, quote(p.Name)+": "+access)
		if strings.EqualFold(p.Name, "Idempotency-Key") {
			m.Call = append(m.Call, "idempotent: true")
		}
	}
	if len(s.Fields) == 0 {
		m.Arguments = append(m.Arguments, "options?: RequestOptions")
	} else {
		m.Options = s
		m.Arguments = append(m.Arguments, "options"+question(required)+": "+s.Name)
		m.Call = append(m.Call, "headers: { "+strings.Join(sent, ", ")+" }")
	}
	m.Call = append(m.Call, "options")
	return nil
}

func (m *method) returns(d *document, responses map[string]*response, types *printer) error {
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
			if item, ok, err := m.pageOf(d, json.Schema, types); err != nil {
				return err
			} else if ok {
				m.Returns = "PagePromise<" + item + ", " + t + ">"
				m.Send = "page<" + item + ", " + t + ">"
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
	result := strings.Join(results, " | ")
	m.Returns = "ApiPromise<" + result + ">"
	m.Send = "send<" + result + ">"
	return nil
}

// pageOf tells whether the operation answers with a page of a list - it takes a cursor and answers with data and nextCursor -
// and the type of the items.
func (m *method) pageOf(d *document, s *schema, types *printer) (string, bool, error) {
	if m.Params == nil || !slices.ContainsFunc(m.Params.Fields, func(f field) bool { return strings.HasPrefix(f.Code, "cursor?:") }) {
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
