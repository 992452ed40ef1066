package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/ratelimit"
)

// twoIssuers is the stack with a second issuer, which may speak for any tenant as well.
func twoIssuers(t *testing.T, s *stack, options ...func(*api.Config)) (both *stack, other *devissuer.Issuer) {
	t.Helper()
	other, stop := startIssuer(t)
	t.Cleanup(stop)
	verifier, err := authn.New(authn.Config{Issuers: []string{s.issuer.URL() + " any-tenant platform", other.URL() + " any-tenant platform"}})
	if err != nil {
		t.Fatal(err)
	}
	both = s.replica(t, s.appURL, s.appURL, append(options, func(c *api.Config) { c.Verifier = verifier })...)
	return both, other
}

// service is a token of a service that may create roles.
func service(t *testing.T, issuer *devissuer.Issuer, of tenant, client string, claims map[string]any) string {
	t.Helper()
	token, err := issuer.Token(devissuer.TokenRequest{TenantID: of.id, ClientID: client, Scopes: []string{"roles:create"}, Claims: claims})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// postRole is a POST that makes a role, with the key "once".
func postRole(token, name string) call {
	return call{method: "POST", path: "/v1/roles", token: token, status: 201, body: fmt.Sprintf(`{"name": %q, "permissions": []}`, name),
		header: map[string]string{"Idempotency-Key": "once"}}
}

// strangers are pairs of services that nothing but their issuer or their client tells apart.
func strangers(t *testing.T, s *stack, other *devissuer.Issuer) map[string][2]string {
	return map[string][2]string{
		"one subject, two issuers":    {service(t, s.issuer, s.acme, "importer", nil), service(t, other, s.acme, "importer", nil)},
		"no subject, two clients":     {service(t, s.issuer, s.acme, "a", map[string]any{"sub": nil}), service(t, s.issuer, s.acme, "b", map[string]any{"sub": nil})},
		"a client called like a name": {service(t, s.issuer, s.acme, "c", map[string]any{"sub": nil}), service(t, s.issuer, s.acme, "c", nil)},
		"two long subjects": {
			service(t, s.issuer, s.acme, strings.Repeat("x", 254)+"1", nil), service(t, s.issuer, s.acme, strings.Repeat("x", 254)+"2", nil),
		},
	}
}

// TestServicesDoNotShareKeys sends the same key and body as one service and as another: each makes its own row, and each is
// answered with its own when it repeats the request.
func TestServicesDoNotShareKeys(t *testing.T) {
	t.Parallel()
	s, other := twoIssuers(t, newStack(t))
	for name, pair := range strangers(t, s, other) {
		first := s.check(t, postRole(pair[0], name))
		if again := s.check(t, postRole(pair[0], name)); again.text != first.text {
			t.Errorf("%s: a repetition got another answer", name)
		}
		// The other's own request fails for the name, which is taken: it did not get the first one's answer.
		taken := postRole(pair[1], name)
		taken.status, taken.code = 409, "conflict"
		s.check(t, taken)
	}
}

// TestAServiceIsTheSameWithItsNextToken repeats requests with another token of the same service.
func TestAServiceIsTheSameWithItsNextToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for name, claims := range map[string]map[string]any{"by subject": {}, "by client_id": {"sub": nil}, "by azp": {"sub": nil, "client_id": nil, "azp": "importer"}} {
		renewed := maps.Clone(claims)
		renewed["jti"] = newID()
		first := s.check(t, postRole(service(t, s.issuer, s.acme, "importer", claims), name))
		if again := s.check(t, postRole(service(t, s.issuer, s.acme, "importer", renewed), name)); again.text != first.text {
			t.Errorf("%s: got %s, want %s", name, again.text, first.text)
		}
		s.exec(t, `DELETE FROM core.idempotency_keys`)
	}
}

// TestServicesThatNothingNamesAreRefused: such a service was known by the text of its token. With its next token, which is
// another text, a POST that was repeated with its key made a second row, and its rate limit began anew.
func TestServicesThatNothingNamesAreRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for name, claims := range map[string]map[string]any{
		"absent":  {"sub": nil, "client_id": nil, "azp": nil},
		"empty":   {"sub": "", "client_id": "", "azp": ""},
		"no text": {"sub": nil, "client_id": 7, "azp": []string{"a"}},
	} {
		refused := postRole(service(t, s.issuer, s.acme, "importer", claims), name)
		refused.status, refused.code = 401, "unauthenticated"
		got := s.check(t, refused)
		if !strings.Contains(got.text, "sub, client_id or azp") {
			t.Errorf("%s: got %s, want the claims that it can be named by", name, got.text)
		}
		operator, err := s.issuer.Token(devissuer.TokenRequest{ClientID: "operator", Scopes: []string{"platform"}, Claims: claims})
		if err != nil {
			t.Fatal(err)
		}
		s.check(t, call{path: "/v1/tenants", token: operator, status: 401, code: "unauthenticated"})
	}
}

// TestServicesDoNotShareRateLimits uses the quota of one service up: the other has its own.
func TestServicesDoNotShareRateLimits(t *testing.T) {
	t.Parallel()
	s, other := twoIssuers(t, newStack(t), func(c *api.Config) {
		c.RateLimits = ratelimit.Limits{Principal: ratelimit.Policy{Quota: 2, Window: time.Hour}}
	})
	for name, pair := range strangers(t, s, other) {
		for _, status := range []int{403, 403, 429} { // none may read roles
			s.check(t, call{path: "/v1/roles", token: pair[0], status: status})
		}
		if got := s.do(t, call{path: "/v1/roles", token: pair[1]}); got.status != 403 {
			t.Errorf("%s: got status %d, want a quota of its own", name, got.status)
		}
	}
}

// TestAUserIsTheSameForEveryIssuer repeats a person's request with another issuer's token: the user's row is who it is.
func TestAUserIsTheSameForEveryIssuer(t *testing.T) {
	t.Parallel()
	s, other := twoIssuers(t, newStack(t))
	token, err := other.Token(devissuer.TokenRequest{TenantID: s.acme.id, UserID: s.acme.admin.id})
	if err != nil {
		t.Fatal(err)
	}
	first := s.check(t, postRole(s.acme.admin.token, "R"))
	if again := s.check(t, postRole(token, "R")); again.text != first.text {
		t.Errorf("got %s, want %s", again.text, first.text)
	}
}

// TestKeysOfTheReleaseBefore finds what such a server has stored, under the subject alone, where that can be nobody else's, and
// stores what such a server finds.
func TestKeysOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stored := func(name string) string {
		first := s.check(t, postRole(service(t, s.issuer, s.acme, "importer "+name, nil), name))
		// As the release before leaves it: under its own scope only.
		s.exec(t, `DELETE FROM core.idempotency_keys WHERE scope LIKE 'roles.create service sha256:%'`)
		if n := s.count(t, `SELECT count(*) FROM core.idempotency_keys WHERE scope = $1 AND answer IS NOT NULL`, "roles.create service importer "+name); n != 1 {
			t.Fatalf("got %d rows for a server of the release before, want one", n)
		}
		return first.text
	}
	first := stored("alone")
	if again := s.check(t, postRole(service(t, s.issuer, s.acme, "importer alone", nil), "alone")); again.text != first {
		t.Errorf("got %s, want what the server of before has answered", again.text)
	}
	stored("shared")
	both, other := twoIssuers(t, s)
	taken := postRole(service(t, other, s.acme, "importer shared", nil), "shared")
	taken.status, taken.code = 409, "conflict"
	both.check(t, taken)
	if n := s.count(t, `SELECT count(*) FROM core.idempotency_keys WHERE scope = 'roles.create service '`); n != 0 {
		t.Error("services without a subject are stored under a scope that all of them share")
	}
}

// TestAReplayShowsWhatTheCallerMaySeeNow takes the permission to see e-mail addresses from callers whose answers hold one, and then
// that to do it at all.
func TestAReplayShowsWhatTheCallerMaySeeNow(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	role := s.addRole(t, s.acme.id, "Desk", "users:create", "users:read", "users:update", "users:read_pii")
	desk := s.addUser(t, s.acme.id, "desk@example.com", "Desk", nil, role)
	deactivate := func(id uuid.UUID) string { return "/v1/users/" + id.String() + "/deactivate" }
	own := deactivate(desk.id)
	calls := []call{
		{path: "/v1/users", status: 201, body: `{"email": "new@example.com", "displayName": "New"}`},
		{path: deactivate(s.acme.member.id), status: 200},
		{path: own, status: 200},
	}
	var first []answer
	for i := range calls {
		c := &calls[i]
		c.method, c.token, c.header = "POST", desk.token, map[string]string{"Idempotency-Key": fmt.Sprint("key", i)}
		got := s.check(t, *c)
		if got.body["email"] == nil {
			t.Fatalf("%s: the first answer has no e-mail address\n%s", c.path, got.text)
		}
		first = append(first, got)
	}
	// As a release before has stored it: with the ETag of the whole answer.
	s.exec(t, `UPDATE core.idempotency_keys SET answer = convert_to(jsonb_set(convert_from(answer, 'UTF8')::jsonb, '{ETag}', to_jsonb($1::text))::text, 'UTF8') WHERE key = 'key1'`,
		first[1].header.Get("ETag"))
	s.exec(t, `UPDATE core.users SET status = 'active' WHERE id = $1`, desk.id)
	s.exec(t, `UPDATE core.roles SET permissions = '{users:create,users:read,users:update}' WHERE id = $1`, role)
	for i, c := range calls {
		got := s.check(t, c)
		hidden := c.path != own
		if (got.body["email"] == nil) != hidden {
			t.Errorf("%s: got e-mail address %v, want it hidden: %t", c.path, got.body["email"], hidden)
		}
		if changed := got.header.Get("ETag") != first[i].header.Get("ETag"); changed != hidden {
			t.Errorf("%s: got ETag %s after %s: it is of what is shown", c.path, got.header.Get("ETag"), first[i].header.Get("ETag"))
		}
		if got.body["id"] != first[i].body["id"] || got.header.Get("Location") != first[i].header.Get("Location") {
			t.Errorf("%s: got another answer\n%s", c.path, got.text)
		}
	}
	s.exec(t, `UPDATE core.roles SET permissions = '{users:read_pii}' WHERE id = $1`, role)
	for _, c := range calls[:2] {
		c.status, c.code = 403, "permission_denied"
		s.check(t, c)
	}
}

// TestMasksReachEveryBody hides a field at any depth of an answer: in lists, in expansions, in bodies of custom operations, in those
// that extend an entity's, behind maps and interfaces. A caller's own row keeps it.
func TestMasksReachEveryBody(t *testing.T) {
	t.Parallel()
	type extended struct { // as ogen writes an allOf of User and more
		ID, TenantId         uuid.UUID
		Email                oas.NilString
		DisplayName          string
		Status               string
		ManagerId            oas.NilUUID
		Version              int
		CreatedAt, UpdatedAt time.Time
		ManagedUsers         []oas.User
		Roles                []oas.Role
		Note                 string
	}
	me := newID()
	user := func(id uuid.UUID) oas.User { return oas.User{ID: id, Email: oas.NewNilString("p@example.com")} }
	them, own := user(newID()), user(me)
	withRoles := oas.UserWithRoles{ID: them.ID, Email: them.Email, ManagedUsers: []oas.User{them, own}}
	answers := map[string]any{
		"a body":     &oas.UserCreatedHeaders{Response: them},
		"a page":     &oas.UserPage{Data: []oas.User{them, own}},
		"a detail":   &oas.UserWithRolesFoundHeaders{Response: withRoles},
		"a circle":   &oas.User{ID: me, Email: own.Email, Manager: oas.NewOptUserBase(oas.UserBase{ID: them.ID, Email: them.Email})},
		"custom":     &oas.Reports{Data: []oas.Report{{User: them}, {User: own}}},
		"extended":   &extended{ID: newID(), Email: them.Email, ManagedUsers: []oas.User{own, them}},
		"a map":      &map[string]oas.User{"them": them, "own": own},
		"interfaces": &[]any{them, &own},
	}
	for name, answer := range answers {
		if holds := shown(t, answer); !strings.Contains(holds, "p@example.com") {
			t.Fatalf("%s holds no e-mail address: %s", name, holds)
		}
	}
	seer := authn.With(t.Context(), &authn.Principal{UserID: me, Permissions: []string{"users:read_pii"}})
	blind := authn.With(t.Context(), &authn.Principal{UserID: me})
	for name, answer := range answers {
		before := shown(t, answer)
		if crud.Masks.Apply(seer, answer) || shown(t, answer) != before {
			t.Errorf("%s: something was hidden from a caller who may see it", name)
		}
		if !crud.Masks.Apply(blind, answer) {
			t.Errorf("%s: nothing was hidden", name)
		}
		after := shown(t, answer)
		if got, want := strings.Count(after, "p@example.com"), strings.Count(before, me.String()); got != want {
			t.Errorf("%s: got %d e-mail addresses, want the caller's own %d\n%s", name, got, want, after)
		}
		if crud.Masks.Apply(blind, answer) {
			t.Errorf("%s: what is hidden was hidden again", name)
		}
		if strings.Count(before, me.String()) > 0 && !crud.Masks.Apply(t.Context(), answer) {
			t.Errorf("%s: nothing was hidden from nobody", name)
		}
	}
}

// shown is the JSON of an answer. ogen's types encode themselves by pointer, which encoding/json has not of what maps and
// interfaces hold.
func shown(t *testing.T, value any) string {
	t.Helper()
	switch held := value.(type) {
	case *map[string]oas.User:
		pointers := map[string]*oas.User{}
		for name, user := range *held {
			pointers[name] = &user
		}
		value = pointers
	case *[]any:
		pointers := slices.Clone(*held)
		for i := range pointers {
			if user, ok := pointers[i].(oas.User); ok {
				pointers[i] = &user
			}
		}
		value = pointers
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAnAnswerOfTheReleaseBeforeIsReplayed takes members out of stored answers, as a release whose contract had fewer has stored them:
// at the top, in a nested body, one that may be null and one that may not.
func TestAnAnswerOfTheReleaseBeforeIsReplayed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	key := map[string]string{"Idempotency-Key": "once"}
	tenant := call{method: "POST", path: "/v1/tenants", token: s.platform, status: 201, body: initech, header: key}
	first := s.check(t, tenant)
	s.exec(t, `UPDATE core.platform_idempotency_keys SET answer = convert_to((convert_from(answer, 'UTF8')::jsonb #- '{Response,tenant,deletingSince}' #- '{Response,tenant,version}')::text, 'UTF8')`)
	again := s.check(t, tenant)
	got, want := again.body["tenant"].(map[string]any), first.body["tenant"].(map[string]any)
	want["version"] = 0.0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("got Location %s", again.header.Get("Location"))
	}
	user := call{method: "POST", path: "/v1/users", token: s.acme.admin.token, status: 201, body: `{"email": "new@example.com", "displayName": "New"}`, header: key}
	s.check(t, user)
	s.exec(t, `UPDATE core.idempotency_keys SET answer = convert_to((convert_from(answer, 'UTF8')::jsonb #- '{Response,managerId}')::text, 'UTF8')`)
	s.check(t, user)
	// What is no answer at all is the server's fault, and nobody's row.
	s.exec(t, `UPDATE core.idempotency_keys SET answer = '[]'`)
	user.status, user.code = 500, "internal"
	s.check(t, user)
}
