package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// useTrees moves rows of entities whose edge to themselves is contract.Acyclic, and deletes them with what lies below.
func useTrees(t *testing.T, s *served) {
	folders := s.user(t, "folders:create", "folders:read", "folders:update", "folders:delete").client
	for name, tree := range map[string]struct {
		path   string
		client *client
	}{"of a tenant": {"/v1/folders", folders}, "of nobody": {"/v1/categories", s.platform}} {
		t.Run(name, func(t *testing.T) {
			c := tree.client.in(t)
			made := creates{t, c}
			top := made.row(tree.path, `{"name": "top"}`)
			middle := made.row(tree.path, `{"name": "middle", "parentId": %q}`, top)
			bottom := made.row(tree.path, `{"name": "bottom", "parentId": %q}`, middle)
			move := func(who, below string) (map[string]any, int) {
				got, _, status := c.send("PATCH", tree.path+"/"+who, fmt.Sprintf(`{"parentId": %q}`, below))
				return got, status
			}
			for _, below := range []string{top, middle, bottom} {
				got, status := move(top, below)
				errors, _ := got["errors"].([]any)
				if status != http.StatusUnprocessableEntity || len(errors) != 1 || errors[0].(map[string]any)["pointer"] != "/parentId" || errors[0].(map[string]any)["code"] != "circular" {
					t.Errorf("got %d %v, want a refusal at /parentId", status, got)
				}
			}
			if got, status := move(bottom, top); status != http.StatusOK || got["parentId"] != top {
				t.Errorf("got %d %v for a move upward", status, got)
			}
			c.do("PATCH", tree.path+"/"+bottom, `{"parentId": null}`, http.StatusOK)

			// Each of three below the next, all at once, again and again: they never come to lie below each other.
			rows := []string{top, middle, bottom}
			for round := range 20 {
				for _, row := range rows {
					c.do("PATCH", tree.path+"/"+row, `{"parentId": null}`, http.StatusOK)
				}
				statuses := make([]int, len(rows))
				var moves sync.WaitGroup
				for i, row := range rows {
					moves.Go(func() { _, statuses[i] = move(row, rows[(i+1)%len(rows)]) })
				}
				moves.Wait()
				counts := map[int]int{}
				for _, status := range statuses {
					counts[status]++
				}
				if counts[http.StatusOK] != 2 || counts[http.StatusUnprocessableEntity] != 1 {
					t.Fatalf("round %d: got %v, want two moves and one refusal", round, statuses)
				}
			}
			root := c.do("GET", tree.path, "", http.StatusOK)["data"].([]any)
			for _, row := range root {
				if row := row.(map[string]any); row["parentId"] == nil {
					c.do("DELETE", tree.path+"/"+row["id"].(string), "", http.StatusNoContent)
				}
			}
			for _, row := range rows {
				c.do("GET", tree.path+"/"+row, "", http.StatusNotFound)
			}
		})
	}
}

// deleteCircles deletes rows of two entities that refer to each other, of which one takes the other along.
func deleteCircles(t *testing.T, s *served) {
	c := s.user(t, "departments:create", "departments:read", "departments:update", "departments:delete", "employees:create", "employees:read", "employees:update", "employees:delete").client.in(t)
	made := creates{t, c}
	department := made.row("/v1/departments", `{"name": "Research"}`)
	other := made.row("/v1/departments", `{"name": "Other"}`)
	head := made.row("/v1/employees", `{"name": "Cy", "departmentId": %q}`, department)
	pupil := made.row("/v1/employees", `{"name": "Di", "departmentId": %q, "mentorId": %q}`, department, head)
	outside := made.row("/v1/employees", `{"name": "Ed", "departmentId": %q, "mentorId": %q}`, other, pupil)
	c.do("PATCH", "/v1/employees/"+head, fmt.Sprintf(`{"mentorId": %q}`, pupil), http.StatusOK)
	c.do("PATCH", "/v1/departments/"+department, fmt.Sprintf(`{"headId": %q}`, head), http.StatusOK)
	c.do("PATCH", "/v1/departments/"+other, fmt.Sprintf(`{"headId": %q}`, pupil), http.StatusOK)

	// Somebody stays who is led by one that would go: nothing goes, and nothing was cleared.
	refused := c.do("DELETE", "/v1/departments/"+department, "", http.StatusConflict)
	if refused["code"] != "still_referenced" {
		t.Errorf("got %v, want the reference that is in the way", refused)
	}
	if got := c.do("GET", "/v1/departments/"+department, "", http.StatusOK); got["headId"] != head {
		t.Errorf("got the head %v after a refused delete, want it to stay", got["headId"])
	}
	c.do("PATCH", "/v1/departments/"+other, `{"headId": null}`, http.StatusOK)
	c.do("DELETE", "/v1/departments/"+department, "", http.StatusNoContent)
	for _, path := range []string{"/v1/departments/" + department, "/v1/employees/" + head, "/v1/employees/" + pupil} {
		c.do("GET", path, "", http.StatusNotFound)
	}
	if got := c.do("GET", "/v1/employees/"+outside, "", http.StatusOK); got["mentorId"] != nil {
		t.Errorf("got the mentor %v of somebody who stays, want nobody", got["mentorId"])
	}

	// What belongs together and is taken is one fault, not two.
	made.row("/v1/employees", `{"name": "Fi", "departmentId": %q}`, other)
	taken := c.do("POST", "/v1/employees", fmt.Sprintf(`{"name": "Fi", "departmentId": %q}`, other), http.StatusConflict)
	if errors, _ := taken["errors"].([]any); len(errors) != 1 || fmt.Sprint(errors[0].(map[string]any)["pointers"]) != "[/name /departmentId]" {
		t.Errorf("got %v, want one violation of name and department together", taken["errors"])
	}
}
