package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/crud/crudtest"
	"github.com/lockstep-dev/lockstep/openapi"
)

// references are the fields of the body that creates a row in which it holds other rows' ids.
func references(op operation) map[string]string {
	for _, sample := range crudtest.Samples {
		if sample.Resource == op.Resource && !op.custom {
			return sample.References
		}
	}
	return nil
}

// leaks are what the operation lets the tenant see or do of another's.
func (s *stack) leaks(t *testing.T, op operation, ours, theirs rows) (leaks []string) {
	t.Helper()
	say := func(format string, args ...any) { leaks = append(leaks, fmt.Sprintf(format, args...)) }
	token := s.acme.admin.token
	switch {
	case strings.Contains(op.Path, "{id}"):
		foreign, random := uuid.MustParse(theirs[op.Resource]), newID()
		c, d := ours.request(op, foreign.String()), ours.request(op, random.String())
		c.token, d.token = token, token
		got, want := s.do(t, c), s.do(t, d)
		if a, b := comparable(got, foreign), comparable(want, random); got.status != 404 || a != b {
			say("a foreign id answers\n%s\nand a random one\n%s", a, b)
		}
		if op.Method == "PATCH" {
			for field, resource := range references(op) {
				leaks = append(leaks, s.refers(t, call{method: op.Method, path: strings.ReplaceAll(op.Path, "{id}", ours[op.Resource]), token: token, body: "{}"}, field, theirs[resource])...)
			}
		}
	case op.Method == "GET":
		foreign := []string{s.globex.id.String(), s.globex.admin.id.String(), s.globex.manager.id.String(), s.globex.memberRole.String()}
		for resource, id := range theirs {
			if id != ours[resource] { // rows of no tenant are everybody's
				foreign = append(foreign, id)
			}
		}
		all := 0.0
		next := s.do(t, call{path: op.Path + "?limit=1", token: s.globex.admin.token})
		cursor, _ := next.body["nextCursor"].(string)
		for _, query := range append(waysIntoList(t, op.ID, foreign), "cursor="+cursor) {
			if cursor == "" && strings.HasPrefix(query, "cursor") {
				continue // a list that fits on one page, or has none
			}
			got := s.do(t, call{path: op.Path + "?" + query, token: token})
			if got.status != 200 && !op.custom {
				t.Fatalf("%s: got status %d, want 200\n%s", query, got.status, got.text)
			}
			for _, id := range foreign {
				if strings.Contains(got.text, id) || strings.Contains(fmt.Sprint(got.header), id) {
					say("%s: the answer holds the foreign id %s", query, id)
				}
			}
			rows, _ := got.body["data"].([]any)
			if query == "limit=200" {
				all = float64(len(rows))
			}
			if strings.HasSuffix(query, "count=exact") && got.body["data"] != nil && got.body["totalCount"] != all {
				say("%s: got a count of %v, want the tenant's %v", query, got.body["totalCount"], all)
			}
			if len(rows) > 0 && strings.Contains(query, "Id=") {
				say("%s: got %d rows by foreign ids, want none", query, len(rows))
			}
		}
	case op.Method == "POST":
		for field, resource := range references(op) {
			c := ours.request(op, "")
			c.token = token
			leaks = append(leaks, s.refers(t, c, field, theirs[resource])...)
		}
	}
	return leaks
}

// refers is what is wrong when a body holds a foreign id in the field: nothing if the field is refused for its value, or
// because such a body does not have it.
func (s *stack) refers(t *testing.T, c call, field, foreign string) []string {
	t.Helper()
	c.body = with(t, c.body, field, foreign)
	got := s.do(t, c)
	violations, _ := got.body["errors"].([]any)
	if got.status == 422 && len(violations) == 1 {
		v := violations[0].(map[string]any)
		if v["pointer"] == "/"+field && (v["code"] == "reference_not_found" || c.method == "PATCH" && v["code"] == "unknown_field") {
			return nil
		}
	}
	return []string{fmt.Sprintf("a foreign %s answers %d, want 422 on that field\n%s", field, got.status, got.text)}
}

// waysIntoList are query strings that use everything a list offers, with foreign ids where it takes ids.
func waysIntoList(t *testing.T, operation string, foreign []string) []string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct {
				Name   string
				Schema struct {
					Type  string
					Items struct {
						Format string
						Enum   []string
					}
					Properties map[string]struct{ Format string }
				}
			}
		}
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	ways := []string{""}
	for _, methods := range document.Paths {
		for _, p := range methods["get"].Parameters {
			switch {
			case methods["get"].OperationID != operation:
			case p.Name == "count":
				ways = append(ways, "limit=200", "limit=1&count=exact", "limit=1&count=estimated")
			case len(p.Schema.Items.Enum) > 0: // expand, sort, and filters
				for _, value := range p.Schema.Items.Enum {
					ways = append(ways, "limit=200&"+url.QueryEscape(p.Name)+"="+url.QueryEscape(value))
				}
			case p.Name == "q":
				ways = append(ways, "limit=200&q=e", "limit=200&q=m")
			case p.Schema.Items.Format == "uuid":
				for ids := range slices.Chunk(foreign, 100) { // as many as a filter takes
					way := "limit=200"
					for _, id := range ids {
						way += "&" + p.Name + "=" + id
					}
					ways = append(ways, way)
				}
			case p.Schema.Type == "boolean":
				ways = append(ways, "limit=200&"+url.QueryEscape(p.Name)+"=true", "limit=200&"+url.QueryEscape(p.Name)+"=false")
			case p.Schema.Properties["gte"].Format == "date-time":
				ways = append(ways, "limit=200&"+url.QueryEscape(p.Name)+"[gte]=2000-01-01T00:00:00Z")
			}
		}
	}
	return ways
}

// with sets one member of a JSON object.
func with(t *testing.T, body, name, value string) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		t.Fatal(err)
	}
	object[name] = value
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
