package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// declareArticles adds an entity with declared SQL: a generated column for words, an EXCLUDE constraint, functions, a trigger, a view.
func declareArticles(t *testing.T, root string) {
	t.Helper()
	for _, name := range []string{"article.go", "article.sql"} {
		copyFile(t, filepath.Join("testdata", "loop", name+".txt"), filepath.Join(root, "ent", "schema", name))
	}
	copyFile(t, filepath.Join("testdata", "loop", "mixins.go.txt"), filepath.Join(root, "ent", "schema", "mixins.go"))
	test := filepath.Join(root, "clients", "ts")
	copyFile(t, filepath.Join("testdata", "loop", "search.ts.txt"), filepath.Join(test, "test", "search.ts"))
	const config = `{"extends": "./tsconfig.test.json", "compilerOptions": {"outDir": ".search"}, "include": ["src/index.ts", "test/search.ts"]}`
	if err := os.WriteFile(filepath.Join(test, "tsconfig.search.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// addRules adds hooks to the rules that every row obeys, as docs/schema.md says: who wrote a row, and rows that stay when they are deleted.
func addRules(t *testing.T, root string) {
	t.Helper()
	for _, name := range []string{"author", "kept"} {
		copyFile(t, filepath.Join("testdata", "loop", name+".go.txt"), filepath.Join(root, "internal", "rules", name+".go"))
	}
	path := filepath.Join(root, "internal", "rules", "rules.go")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const list = "client.Use(keepAdministrator)"
	if !strings.Contains(string(text), list) {
		t.Fatalf("%s does not say %s", path, list)
	}
	text = []byte(strings.Replace(string(text), list, "client.Use(stampAuthor, keepMarked, keepAdministrator)\n\t\tclient.Intercept(hideMarked(\"Article\"))", 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// keepArticles looks at who wrote a row, and deletes one that stays.
func keepArticles(t *testing.T, s *served) {
	c := s.ours.in(t)
	create := func(status int) map[string]any {
		t.Helper()
		return c.do("POST", "/v1/articles", `{"title": "Gulls", "body": "They stole.", "pages": 1, "price": "1", "frontFrom": "2030-01-01", "frontUntil": "2030-01-02"}`, status)
	}
	made := create(http.StatusCreated)
	path := "/v1/articles/" + made["id"].(string)
	if made["createdById"] != s.acme.user.String() || made["updatedById"] != s.acme.user.String() || made["deletedAt"] != nil {
		t.Errorf("created: got %v, want its author", made)
	}
	create(http.StatusUnprocessableEntity)
	c.do("DELETE", path, "", http.StatusNoContent)
	c.do("GET", path, "", http.StatusNotFound)
	c.do("PATCH", path, `{"pages": 2}`, http.StatusNotFound)
	c.do("DELETE", path, "", http.StatusNotFound)
	if list := c.do("GET", "/v1/articles?q=stole&handle=gulls&count=exact", "", http.StatusOK); len(list["data"].([]any)) != 0 || fmt.Sprint(list["totalCount"]) != "0" {
		t.Errorf("the list shows it: %v", list)
	}
	owner, err := pgx.Connect(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.Background()) }()
	var kept bool
	if err := owner.QueryRow(t.Context(), "SELECT deleted_at IS NOT NULL AND version = 2 FROM core.articles WHERE id = $1", made["id"]).Scan(&kept); err != nil || !kept {
		t.Errorf("the row: got %v, %v; want it there and marked", kept, err)
	}
	// The handle and the days are free again.
	create(http.StatusCreated)
}

// useArticles drives what Postgres does for the entity.
func useArticles(t *testing.T, s *served) {
	ours, theirs := s.ours.in(t), s.theirs.in(t)
	create := func(c *client, title, text, more string, status int) map[string]any {
		t.Helper()
		return c.do("POST", "/v1/articles", fmt.Sprintf(`{"title": %q, "body": %q, "pages": 4, "price": "2.50"%s}`, title, text, more), status)
	}
	foxes := create(ours, "Foxes, quickly!", "The brown fox jumped over dogs.", `, "frontFrom": "2026-01-01", "frontUntil": "2026-01-05"`, http.StatusCreated)
	create(ours, "Bears", "They slept. Nobody jumped.", "", http.StatusCreated)
	create(theirs, "Their foxes", "Foxes too.", `, "frontFrom": "2026-01-01", "frontUntil": "2026-01-05"`, http.StatusCreated)
	path := "/v1/articles/" + foxes["id"].(string)

	// What a create answers is what is stored.
	for when, got := range map[string]map[string]any{"created": foxes, "got": ours.do("GET", path, "", http.StatusOK)} {
		if got["handle"] != "foxes-quickly" || fmt.Sprint(got["total"]) != "10" && fmt.Sprint(got["total"]) != "10.00" {
			t.Errorf("%s: got handle %v and total %v, want those computed", when, got["handle"], got["total"])
		}
		if _, shown := got["search"]; shown {
			t.Errorf("%s: the words are shown", when)
		}
	}
	for query, want := range map[string]string{
		"q=fox": "Foxes, quickly!", "q=jumping": "Foxes, quickly! Bears", "q=jump -fox": "Bears", `q="brown fox"`: "Foxes, quickly!", `q="fox brown"`: "",
		"q=bears or foxes": "Foxes, quickly! Bears", "q=the": "", "q=' & | !": "", "q=jump&handle=bears": "Bears", "total[gt]=10&q=jump": "", "total[gte]=10&q=nobody": "Bears", "q=jump&sort=-total&limit=1": "Foxes, quickly!",
	} {
		values, err := url.ParseQuery(query)
		if strings.Contains(query, "' & | !") {
			values, err = url.Values{"q": {"' & | !"}}, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, row := range ours.do("GET", "/v1/articles?"+values.Encode(), "", http.StatusOK)["data"].([]any) {
			titles = append(titles, row.(map[string]any)["title"].(string))
		}
		if got := strings.Join(titles, " "); got != want && !strings.Contains(query, "limit") {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	if changed := ours.do("PATCH", path, `{"body": "Hens.", "pages": 2}`, http.StatusOK); fmt.Sprint(changed["edits"]) != "1" || !strings.HasPrefix(fmt.Sprint(changed["total"]), "5") {
		t.Errorf("after a patch: got %v, want one edit and the total anew", changed)
	}
	ours.do("PATCH", path, `{"total": "1"}`, http.StatusUnprocessableEntity)
	// A unique index on a generated field, and an EXCLUDE constraint, name the fields.
	twice := create(ours, "foxes quickly", "Again.", "", http.StatusConflict)
	if !strings.Contains(fmt.Sprint(twice["errors"]), "/handle") {
		t.Errorf("the same handle: got %v, want its field", twice)
	}
	refused := create(ours, "Cats", "Cats.", `, "frontFrom": "2026-01-05", "frontUntil": "2026-01-06"`, http.StatusUnprocessableEntity)
	if said := fmt.Sprint(refused["errors"]); !strings.Contains(said, "/frontFrom") || !strings.Contains(said, "exclusion") {
		t.Errorf("two on the front page: got %v, want the fields and the rule", refused)
	}
	// What a trigger raises is answered at the fields that it names, in its own sentence.
	for title, want := range map[string]struct {
		status             int
		places, code, says string
	}{
		"Forbidden": {http.StatusUnprocessableEntity, "/title", "check", "This title is not allowed."},
		"Taken":     {http.StatusConflict, "/title", "unique", "Another article has it."},
		"Denied":    {http.StatusUnprocessableEntity, "", "check", "Nobody may write this."},
		"Front":     {http.StatusUnprocessableEntity, "[/frontFrom /frontUntil]", "check", "Not on the front page."},
		"Broken":    {http.StatusUnprocessableEntity, "", "out_of_range", "The number or the time is out of its column's range."},
	} {
		for method, at := range map[string]string{"POST": "/v1/articles", "PATCH": path} {
			body := fmt.Sprintf(`{"title": %q, "body": "x", "pages": 4, "price": "1"}`, title)
			refused := ours.do(method, at, body, want.status)
			said, _ := refused["errors"].([]any)
			if len(said) != 1 {
				t.Errorf("%s %s: got %v, want one error", method, title, refused)
				continue
			}
			one := said[0].(map[string]any)
			places := one["pointer"]
			if places == nil {
				places = one["pointers"]
			}
			if fmt.Sprint(places) != want.places || one["code"] != want.code || one["detail"] != want.says {
				t.Errorf("%s %s: got %v, want %v", method, title, one, want)
			}
		}
	}
	// The view shows the rows of the session's tenant alone, and the function that only a trigger calls is nobody's.
	app, err := pgx.Connect(t.Context(), s.app)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Close(context.Background()) }()
	for tenant, want := range map[string]int{s.acme.tenant.String(): 1, s.globex.tenant.String(): 1, "": 0} {
		var n int
		if err := app.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM core.front_page) FROM set_config('app.tenant_id', $1, false)", tenant).Scan(&n); err != nil || n != want {
			t.Errorf("the view in tenant %q: got %d rows, %v; want %d", tenant, n, err, want)
		}
	}
	var may bool
	if err := app.QueryRow(t.Context(), "SELECT has_function_privilege('core.count_edit()', 'EXECUTE')").Scan(&may); err != nil || may {
		t.Errorf("the trigger's function: got %v, %v; want it closed", may, err)
	}
}

// searchArticles runs a program on the SDK.
func searchArticles(t *testing.T, root string, s *served) {
	sdk := filepath.Join(root, "clients", "ts")
	command(t, sdk, "node", filepath.Join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.search.json")
	run := exec.CommandContext(t.Context(), "node", ".search/test/search.js")
	run.Dir = sdk
	run.Env = append(os.Environ(), "API="+s.api, "TOKEN="+s.ours.token)
	if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), "found") {
		t.Fatalf("%v\n%s", err, out)
	}
}
