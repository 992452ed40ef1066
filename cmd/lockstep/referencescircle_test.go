package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// creates are the steps by which a caller makes rows that refer to each other.
type creates struct {
	t *testing.T
	c *client
}

// row makes a row and returns its id.
func (m creates) row(path, form string, args ...any) string {
	m.t.Helper()
	return m.c.do("POST", path, fmt.Sprintf(form, args...), http.StatusCreated)["id"].(string)
}

// below is the id of the row at the path of names inside an answer, empty where there is none; it may have none of the members
// without.
func below(t *testing.T, row map[string]any, path string, without ...string) string {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		inner, shown := row[name].(map[string]any)
		if !shown {
			return ""
		}
		row = inner
	}
	for _, name := range without {
		if _, shown := row[name]; shown {
			t.Errorf("%s: got its %s as well", path, name)
		}
	}
	return row["id"].(string)
}

// expandCircles shows what rows refer to where that leads back to them, by one, two and three steps.
func expandCircles(t *testing.T, s *served) {
	var permissions []string
	for _, entity := range []string{"departments", "employees", "offers", "deals", "payments", "desks", "screens"} {
		permissions = append(permissions, entity+":create", entity+":read", entity+":update")
	}
	caller := s.user(t, append(permissions, "users:read")...)
	c := caller.client.in(t)
	made := creates{t, c}

	department := made.row("/v1/departments", `{"name": "Sales"}`)
	head := made.row("/v1/employees", `{"name": "Ada", "kind": "field", "salary": 5, "skills": {"go": true}, "departmentId": %q, "userId": %q}`, department, caller.id)
	other := made.row("/v1/employees", `{"name": "Bo", "salary": 4, "departmentId": %q, "mentorId": %q}`, department, head)
	c.do("PATCH", "/v1/departments/"+department, fmt.Sprintf(`{"headId": %q}`, head), http.StatusOK)
	within := []string{"head", "employees", "department", "mentor", "mentees", "user"}
	first := func(path string) map[string]any {
		t.Helper()
		return c.do("GET", path, "", http.StatusOK)["data"].([]any)[0].(map[string]any)
	}
	t.Run("of two", func(t *testing.T) {
		for _, row := range []map[string]any{c.do("GET", "/v1/departments/"+department+"?expand=head", "", http.StatusOK), first("/v1/departments?expand=head")} {
			if got := below(t, row, "head", within...); got != head {
				t.Errorf("got the head %s, want %s", got, head)
			}
			shown := row["head"].(map[string]any)
			if skills, _ := shown["skills"].(map[string]any); shown["kind"] != "field" || shown["salary"] == nil || skills["go"] != true {
				t.Errorf("got the head %v, want the whole row", shown)
			}
		}
		row := c.do("GET", "/v1/employees/"+other+"?expand=department,mentor,user", "", http.StatusOK)
		if got := below(t, row, "department", within...); got != department {
			t.Errorf("got the department %s, want %s", got, department)
		}
		if got := below(t, row, "mentor", within...); got != head || row["user"] != nil {
			t.Errorf("got the mentor %s and the user %v, want %s and nobody", got, row["user"], head)
		}
		list := c.do("GET", "/v1/departments?expand=employees.department,employees.mentor,employees.mentees", "", http.StatusOK)["data"].([]any)[0].(map[string]any)
		for _, e := range list["employees"].([]any) {
			if got := below(t, e.(map[string]any), "department", within...); got != department {
				t.Errorf("got the department %s below an employee, want %s", got, department)
			}
		}
		c.do("GET", "/v1/departments?expand=head.department", "", http.StatusBadRequest)
	})
	t.Run("of two, as far as one may read", func(t *testing.T) {
		stranger := s.user(t, "departments:read").client.in(t)
		if row := stranger.do("GET", "/v1/departments/"+department+"?expand=head", "", http.StatusOK); row["head"] != nil || row["headId"] != head {
			t.Errorf("got the head %v, want its id alone", row["head"])
		}
		reader := s.user(t, "departments:read", "employees:read").client.in(t)
		row := reader.do("GET", "/v1/departments/"+department+"?expand=head", "", http.StatusOK)
		if shown, _ := row["head"].(map[string]any); shown["id"] != head || shown["salary"] != nil {
			t.Errorf("got the head %v, want one without its pay", row["head"])
		}
	})
	t.Run("of three", func(t *testing.T) {
		payment := made.row("/v1/payments", `{"title": "P"}`)
		deal := made.row("/v1/deals", `{"title": "D", "paymentId": %q}`, payment)
		offer := made.row("/v1/offers", `{"title": "O", "dealId": %q}`, deal)
		c.do("PATCH", "/v1/payments/"+payment, fmt.Sprintf(`{"offerId": %q}`, offer), http.StatusOK)
		for path, want := range map[string]string{"/v1/offers/" + offer + "?expand=deal": deal, "/v1/deals/" + deal + "?expand=payment": payment, "/v1/payments/" + payment + "?expand=offer": offer} {
			_, name, _ := strings.Cut(path, "=")
			if got := below(t, c.do("GET", path, "", http.StatusOK), name, "deal", "payment", "offer"); got != want {
				t.Errorf("%s: got %s, want %s", path, got, want)
			}
		}
	})
	t.Run("one to one", func(t *testing.T) {
		empty := made.row("/v1/desks", `{"place": "Corner"}`)
		desk := made.row("/v1/desks", `{"place": "Window"}`)
		left := made.row("/v1/screens", `{"serial": "1", "deskId": %q}`, desk)
		right := made.row("/v1/screens", `{"serial": "2"}`)
		c.do("PATCH", "/v1/screens/"+left, fmt.Sprintf(`{"nextId": %q}`, right), http.StatusOK)
		if got := c.do("GET", "/v1/screens/"+right, "", http.StatusOK); got["version"].(fmt.Stringer).String() != "1" || got["nextId"] != nil {
			t.Errorf("got %v, want the row at the other end as it was", got)
		}
		for path, want := range map[string]string{
			"/v1/desks/" + desk + "?expand=screen": left, "/v1/desks/" + empty + "?expand=screen": "", "/v1/screens/" + left + "?expand=desk": desk,
			"/v1/screens/" + left + "?expand=next": right, "/v1/screens/" + right + "?expand=previous": left, "/v1/screens/" + left + "?expand=previous": "",
		} {
			_, name, _ := strings.Cut(path, "=")
			if got := below(t, c.do("GET", path, "", http.StatusOK), name, "desk", "next", "previous", "screen"); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
		shown := map[string]string{}
		for _, row := range c.do("GET", "/v1/desks?expand=screen", "", http.StatusOK)["data"].([]any) {
			shown[row.(map[string]any)["id"].(string)] = below(t, row.(map[string]any), "screen")
		}
		if shown[desk] != left || shown[empty] != "" {
			t.Errorf("got the screens %v, want that of the desk alone", shown)
		}
		// A desk has one screen, and the second is refused without taking the first away.
		c.do("PATCH", "/v1/screens/"+right, fmt.Sprintf(`{"deskId": %q}`, desk), http.StatusConflict)
		if got := c.do("GET", "/v1/screens/"+left, "", http.StatusOK); got["deskId"] != desk {
			t.Errorf("got the desk %v of the first screen, want it to stay", got["deskId"])
		}
		// A row that refers to itself is a row like others.
		c.do("PATCH", "/v1/screens/"+right, fmt.Sprintf(`{"nextId": %q}`, right), http.StatusConflict) // next of another already
		c.do("PATCH", "/v1/screens/"+left, `{"nextId": null}`, http.StatusOK)
		c.do("PATCH", "/v1/screens/"+right, fmt.Sprintf(`{"nextId": %q}`, right), http.StatusOK)
		if got := below(t, c.do("GET", "/v1/screens/"+right+"?expand=next,previous", "", http.StatusOK), "previous"); got != right {
			t.Errorf("got %s before the screen that follows itself, want itself", got)
		}
	})
	t.Run("within the bytes of an answer", func(t *testing.T) {
		large := made.row("/v1/employees", `{"name": "Heavy", "departmentId": %q, "skills": {"all": %q}}`, department, strings.Repeat("x", 60_000))
		for i := range 90 {
			made.row("/v1/departments", `{"name": "Heavy %d", "headId": %q}`, i, large)
		}
		seen, pages, cursor := 0, 0, ""
		for {
			request, err := http.NewRequestWithContext(t.Context(), "GET", c.api+"/v1/departments?limit=200&expand=head"+cursor, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+c.token)
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || len(text) > contract.MaxAnswerBytes {
				t.Fatalf("got %d bytes and %v, want at most %d", len(text), err, contract.MaxAnswerBytes)
			}
			page := c.do("GET", "/v1/departments?limit=200&expand=head"+cursor, "", http.StatusOK)
			for _, row := range page["data"].([]any) {
				if row := row.(map[string]any); row["headId"] != nil && below(t, row, "head") != row["headId"] {
					t.Errorf("got %v without its head", row["name"])
				}
				seen++
			}
			if pages++; page["nextCursor"] == nil {
				break
			}
			cursor = "&cursor=" + url.QueryEscape(page["nextCursor"].(string))
		}
		if seen != 91 || pages < 2 {
			t.Errorf("got %d departments on %d pages, want 91 on some", seen, pages)
		}
	})
}
