package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// deleteProjects deletes rows that others refer to: refused, with them, or after clearing their reference.
func deleteProjects(t *testing.T, s *served) {
	c := s.ours.in(t)
	create := func(path, body string) string {
		t.Helper()
		return path + "/" + c.do("POST", path, body, http.StatusCreated)["id"].(string)
	}
	id := func(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
	ordinary := fmt.Sprintf(`{"name": "Gemini", "budget": "1", "ownerId": %q}`, s.acme.user)
	project := create("/v1/projects", ordinary)
	member := create("/v1/project-members", fmt.Sprintf(`{"projectId": %q, "userId": %q}`, id(project), s.acme.user))
	task := create("/v1/tasks", fmt.Sprintf(`{"title": "Dock", "projectId": %q}`, id(project)))
	note := create("/v1/notes", fmt.Sprintf(`{"text": "Go", "projectId": %q}`, id(project)))
	reply := create("/v1/notes", fmt.Sprintf(`{"text": "No go", "parentId": %q}`, id(note)))
	answer := create("/v1/notes", fmt.Sprintf(`{"text": "Go, go", "parentId": %q}`, id(reply)))
	unrelated := create("/v1/notes", `{"text": "Lunch"}`)

	// Refused, it has neither deleted nor cleared anything.
	refused := c.do("DELETE", project, "", http.StatusConflict)
	if detail, _ := refused["detail"].(string); refused["code"] != "still_referenced" || !strings.Contains(detail, "Project members") || !strings.Contains(detail, "projectId") {
		t.Errorf("got %v, want the edge that blocks", refused)
	}
	for _, path := range []string{note, reply, answer} {
		c.do("GET", path, "", http.StatusOK)
	}
	if got := c.do("GET", task, "", http.StatusOK); got["projectId"] != id(project) || got["version"] != json.Number("1") {
		t.Errorf("got %v after a refused delete, want the task as it was", got)
	}

	// Others' rows stay out of reach.
	s.theirs.in(t).do("DELETE", project, "", http.StatusNotFound)
	c.do("DELETE", member, "", http.StatusNoContent)
	c.do("DELETE", project, "", http.StatusNoContent)
	for _, path := range []string{project, note, reply, answer} {
		c.do("GET", path, "", http.StatusNotFound)
	}
	c.do("GET", unrelated, "", http.StatusOK)
	if got := c.do("GET", task, "", http.StatusOK); got["projectId"] != nil || got["version"] != json.Number("2") {
		t.Errorf("got %v, want the task without its project, as a version of its own", got)
	}

	// Notes that reply to each other in a circle go together: with one of them, and with their project.
	ring := create("/v1/notes", `{"text": "A"}`)
	link := create("/v1/notes", fmt.Sprintf(`{"text": "B", "parentId": %q}`, id(ring)))
	aside := create("/v1/notes", fmt.Sprintf(`{"text": "C", "parentId": %q}`, id(link)))
	c.do("PATCH", ring, fmt.Sprintf(`{"parentId": %q}`, id(link)), http.StatusOK)
	c.do("DELETE", ring, "", http.StatusNoContent)
	for _, path := range []string{ring, link, aside} {
		c.do("GET", path, "", http.StatusNotFound)
	}
	self := create("/v1/notes", `{"text": "D"}`)
	c.do("PATCH", self, fmt.Sprintf(`{"parentId": %q}`, id(self)), http.StatusOK)
	c.do("DELETE", self, "", http.StatusNoContent)
	project = create("/v1/projects", ordinary)
	first := create("/v1/notes", fmt.Sprintf(`{"text": "A", "projectId": %q}`, id(project)))
	second := create("/v1/notes", fmt.Sprintf(`{"text": "B", "projectId": %q, "parentId": %q}`, id(project), id(first)))
	c.do("PATCH", first, fmt.Sprintf(`{"parentId": %q}`, id(second)), http.StatusOK)
	c.do("DELETE", project, "", http.StatusNoContent)
	c.do("GET", first, "", http.StatusNotFound)
	c.do("GET", second, "", http.StatusNotFound)
}
