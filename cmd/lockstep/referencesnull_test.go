package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// useDossiers drives an entity of which every field that an annotation names may be null.
func useDossiers(t *testing.T, s *served) {
	editor := s.user(t, "dossiers:create", "dossiers:read", "dossiers:update", "dossiers:delete", "users:read")
	keeper := s.user(t, "dossiers:*", "dossiers:create", "dossiers:read", "dossiers:update", "dossiers:delete", "dossiers:read_secrets", "users:read")
	nobody := s.user(t)
	secrets := map[string]string{
		"codeId": `"01900000-0000-7000-8000-000000000001"`, "title": `"Plan"`, "note": `"Call"`, "seal": `"Wax"`, "grade": `"high"`, "class": `"b"`, "open": "true",
		"pages": "3", "shelf": "4", "weight": "5", "height": "1.5", "width": "2.5", "fee": `"10.25"`, "seenAt": `"2026-01-02T03:04:05.000006Z"`, "seenOn": `"2026-01-02"`,
	}
	members := func(more string) string {
		body := more
		for name, value := range secrets {
			body += fmt.Sprintf(", %q: %s", name, value)
		}
		return "{" + strings.TrimPrefix(body, ", ") + "}"
	}
	shown := func(row map[string]any, hidden ...string) {
		t.Helper()
		for name, value := range secrets {
			want := "null"
			if len(hidden) == 0 {
				want = value
			}
			if got, _ := json.Marshal(row[name]); string(got) != want && (len(hidden) == 0 || hidden[0] == "*" || strings.Contains(" "+strings.Join(hidden, " ")+" ", " "+name+" ")) {
				t.Errorf("member %s: got %s, want %s", name, got, want)
			}
		}
	}

	// Of nobody: whoever lacks the permission sees none of it, and is answered all the same.
	c := editor.client.in(t)
	made, header := c.withKey("of-nobody").exchange("POST", "/v1/dossiers", members(""), http.StatusCreated)
	path := header.Get("Location")
	shown(made, "*")
	again, _ := c.withKey("of-nobody").exchange("POST", "/v1/dossiers", members(""), http.StatusCreated)
	shown(again, "*")
	for _, query := range []string{"", "?expand=owner,deputy"} {
		got := c.do("GET", path+query, "", http.StatusOK)
		shown(got, "*")
		if got["owner"] != nil || got["deputy"] != nil || got["ownerId"] != nil || got["deputyId"] != nil {
			t.Errorf("got %v, want neither owner nor deputy", got)
		}
		list := c.do("GET", "/v1/dossiers"+query, "", http.StatusOK)["data"].([]any)
		shown(list[len(list)-1].(map[string]any), "*")
	}
	shown(keeper.client.in(t).do("GET", path, "", http.StatusOK))
	shown(c.do("PATCH", path, `{"pages": 7}`, http.StatusOK), "*")
	shown(c.do("PATCH", path, `{"pages": 3, "ownerId": null}`, http.StatusOK), "*")
	nobody.client.in(t).do("GET", path, "", http.StatusNotFound)

	// Of the caller, who sees it until it is somebody else's.
	c.do("PATCH", path, fmt.Sprintf(`{"ownerId": %q}`, editor.id), http.StatusOK)
	own := c.do("GET", path+"?expand=owner", "", http.StatusOK)
	if own["title"] != "Plan" || own["grade"] != "high" || own["fee"] != "10.25" || own["seal"] != nil || own["note"] != nil {
		t.Errorf("got %v, want what is the owner's", own)
	}
	if owner, _ := own["owner"].(map[string]any); owner["id"] != editor.id.String() {
		t.Errorf("got the owner %v, want the caller", own["owner"])
	}
	shown(c.do("PATCH", path, fmt.Sprintf(`{"ownerId": %q}`, keeper.id), http.StatusOK), "*")

	// A deputy that nobody else may know is not shown by an expansion either.
	deputy := keeper.client.in(t).do("POST", "/v1/dossiers", members(fmt.Sprintf(`"deputyId": %q`, keeper.id)), http.StatusCreated)
	hidden := c.do("GET", "/v1/dossiers/"+deputy["id"].(string)+"?expand=deputy,owner", "", http.StatusOK)
	if shown(hidden, "*"); hidden["deputyId"] != nil || hidden["deputy"] != nil {
		t.Errorf("got the deputy %v and %v, want nobody", hidden["deputyId"], hidden["deputy"])
	}

	// Lists by fields that may be null, from page to page.
	k := keeper.client.in(t)
	k.do("POST", "/v1/dossiers", `{"title": "Empty"}`, http.StatusCreated)
	for _, sort := range []string{"grade", "pages", "fee", "seenAt", "seenOn", "note", "open", "ownerId"} {
		for _, order := range []string{sort, "-" + sort} {
			seen, cursor := 0, ""
			for {
				page := k.do("GET", "/v1/dossiers?limit=1&sort="+order+cursor, "", http.StatusOK)
				seen += len(page["data"].([]any))
				if page["nextCursor"] == nil {
					break
				}
				cursor = "&cursor=" + page["nextCursor"].(string)
			}
			if seen != 3 {
				t.Errorf("sort=%s: got %d dossiers on all pages, want 3", order, seen)
			}
		}
		if got := len(k.do("GET", "/v1/dossiers?"+sort+"Null=true", "", http.StatusOK)["data"].([]any)); got == 0 || got == 3 {
			t.Errorf("%sNull=true: got %d dossiers, want the empty one", sort, got)
		}
	}
	k.do("DELETE", path, "", http.StatusNoContent)
}

// useGadgets keeps what a team's own version and times say.
func useGadgets(t *testing.T, s *served) {
	c := s.user(t, "gadgets:create", "gadgets:read", "gadgets:update").client.in(t)
	made, header := c.exchange("POST", "/v1/gadgets", `{"version": 7, "createdAt": "2020-01-02T03:04:05Z", "updatedAt": "2021-01-02T03:04:05Z"}`, http.StatusCreated)
	path := header.Get("Location")
	changed := c.do("PATCH", path, `{"updatedAt": "2022-01-02T03:04:05Z"}`, http.StatusOK)
	if made["createdAt"] != "2020-01-02T03:04:05Z" || changed["createdAt"] != "2020-01-02T03:04:05Z" || changed["updatedAt"] != "2022-01-02T03:04:05Z" {
		t.Errorf("got %v and %v, want the times that were sent", made, changed)
	}
	if made["version"] != json.Number("7") || changed["version"] != json.Number("7") {
		t.Errorf("got the versions %v and %v, want the one that was sent", made["version"], changed["version"])
	}
}

// person is a user of acme with a role of its own.
type person struct {
	id     uuid.UUID
	client *client
}

// user adds a person who holds the permissions.
func (s *served) user(t *testing.T, permissions ...string) person {
	t.Helper()
	owner, err := pgx.Connect(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.Background()) }()
	id, role := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	if permissions == nil {
		permissions = []string{}
	}
	for sql, args := range map[string][]any{
		`INSERT INTO core.users (tenant_id, id, email, display_name, created_at, updated_at) VALUES ($1, $2, $2::uuid::text || '@example.com', 'Somebody', now(), now())`: {s.acme.tenant, id},
		`INSERT INTO core.roles (tenant_id, id, name, permissions, created_at, updated_at) VALUES ($1, $2, $2::uuid::text, $3, now(), now())`:                             {s.acme.tenant, role, permissions},
	} {
		if _, err := owner.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if _, err := owner.Exec(t.Context(), `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), now(), now())`,
		s.acme.tenant, uuid.Must(uuid.NewV7()), id, role); err != nil {
		t.Fatal(err)
	}
	token, err := s.issuer.Token(devissuer.TokenRequest{TenantID: s.acme.tenant, UserID: id})
	if err != nil {
		t.Fatal(err)
	}
	return person{id, &client{t: t, api: s.api, token: token}}
}
