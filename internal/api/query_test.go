package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestQueryIsReadWhole sends queries that net/url, ogen or both read in part. `status=inactive;` lost its filter, and answered
// every user instead of the inactive ones.
func TestQueryIsReadWhole(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.acme.admin.token
	for query, violation := range map[string]string{
		"status=inactive;":                      "status malformed",
		"status=inactive;limit=1":               "status malformed",
		"limit=1;status=inactive":               "limit malformed",
		"limit=1&status;=inactive":              "status malformed",
		";":                                     "= malformed",
		"status=inactive%":                      "status malformed",
		"status=%zz":                            "status malformed",
		"sta%tus=inactive":                      "sta%tus malformed",
		"status=inactive#x":                     "status malformed",
		"q=x#y":                                 "q malformed",
		"q=%ff":                                 "q invalid_character",
		"q=\xff":                                "q invalid_character",
		"q=%ed%a0%80":                           "q invalid_character",
		"q=%00":                                 "q invalid_character",
		"q%ff=x":                                "q\ufffd invalid_character",
		"%00=x":                                 "\x00 invalid_character",
		"=x":                                    "= unknown_parameter",
		"=":                                     "= unknown_parameter",
		"Status=inactive":                       "Status unknown_parameter",
		"status%20=inactive":                    "status  unknown_parameter",
		"createdAt[gte=2026-01-01T00:00:00Z":    "createdAt[gte unknown_parameter",
		"createdAt=2026-01-01T00:00:00Z":        "createdAt unknown_parameter",
		"createdAt[GTE]=2026-01-01T00:00:00Z":   "createdAt[GTE] unknown_parameter",
		"createdAt[gte][]=2026-01-01T00:00:00Z": "createdAt[gte][] unknown_parameter",
		"createdAt[gte]=2026-01-01T00:00:00+00:00":                                "createdAt[gte] malformed",
		"createdAt[gte]=2026-01-01T00:00:00%2B24:00":                              "createdAt[gte] malformed",
		"createdAt[lt]=2026-01-01T00:00:00,5Z":                                    "createdAt[lt] malformed",
		"createdAt[gte]=2026-01-01T0:00:00Z":                                      "createdAt[gte] malformed",
		"createdAt[gte]=2016-12-31T23:59:60Z":                                     "createdAt[gte] malformed",
		"createdAt[gte]=2026-01-01T00:00:00Z&createdAt[gte]=2027-01-01T00:00:00Z": "createdAt[gte] repeated",
		"limit=1&limit=2":                       "limit repeated",
		"limit=1&%6Cimit=1":                     "limit repeated",
		"q=a&q=b":                               "q repeated",
		"sort=displayName&sort=createdAt":       "sort repeated",
		"expand=roles&expand=roles":             "expand repeated",
		"managerIdNull=true&managerIdNull=true": "managerIdNull repeated",
		"sort=":                                 "sort min_length",
		"sort":                                  "sort min_length",
		"sort=displayName,":                     "sort enum",
		"sort=displayName,displayName":          "sort repeated",
		"sort=createdAt,-createdAt":             "sort repeated",
		"sort=-createdAt%2CcreatedAt":           "sort repeated",
		"expand=roles,managedUsers,roles":       "expand repeated",
		"expand=":                               "expand min_length",
		"expand=roles,,":                        "expand enum",
		"q=":                                    "q min_length",
		"cursor=":                               "cursor min_length",
		"status=":                               "status enum",
		"limit=%2B5":                            "limit malformed",
		"limit=005":                             "limit malformed",
		"limit=5%20":                            "limit malformed",
		"limit=5.0":                             "limit malformed",
		"limit=1e1":                             "limit malformed",
		"managerIdNull=1":                       "managerIdNull malformed",
		"managerIdNull=TRUE":                    "managerIdNull malformed",
		"managerIdNull=":                        "managerIdNull malformed",
		"count=":                                "count enum",
		"limit=":                                "limit malformed",
		"managerId=":                            "managerId malformed",
		"roleId=" + s.acme.adminRole.String() + "&roleId=urn:uuid:" + s.acme.adminRole.String(): "roleId malformed",
		"access_token=" + token: "access_token unknown_parameter",
		"status=active?limit=1": "status enum",
		"limit=1&x;=%zz&;=&y=":  "x malformed, = malformed, y unknown_parameter",
	} {
		t.Run(query, func(t *testing.T) {
			got := s.check(t, call{path: "/v1/users", rawQuery: query, token: token, status: 400, code: "invalid_parameter", absent: []string{"@"}})
			var all []string
			for _, v := range got.body["errors"].([]any) {
				v := v.(map[string]any)
				all = append(all, v["parameter"].(string)+" "+v["code"].(string))
			}
			if text := strings.Join(all, ", "); text != violation {
				t.Errorf("got %q, want %q\n%s", text, violation, got.text)
			}
			// Who calls comes first.
			s.check(t, call{path: "/v1/users", rawQuery: query, status: 401, code: "unauthenticated"})
		})
	}
	for _, good := range []string{
		"", "&", "limit=1&", "limit=1&&q=a", "q=a+b%2B%26", "q=%3Bx%23", "q=%F0%9F%98%80", "q=é", "q=a?b", "q=a=b", "sort=displayName,-createdAt", "sort=displayName%2C-createdAt",
		"status=active&status=inactive", "createdAt%5Bgte%5D=2026-01-01T00:00:00%2B00:00", "createdAt[gte]=2026-01-01t00:00:00.123456789z", "roleId=" + strings.ToUpper(s.acme.adminRole.String()),
	} {
		s.check(t, call{name: good, path: "/v1/users", rawQuery: good, token: token, status: 200})
	}
	t.Run("every operation", func(t *testing.T) {
		id := newID().String()
		for _, path := range []string{"/v1/me", "/v1/roles", "/v1/roles/" + id, "/v1/users/" + id, "/v1/users/" + s.acme.member.id.String() + "/reports", "/v1/user-roles"} {
			s.check(t, call{path: path, rawQuery: "limit=;", token: token, status: 400, code: "invalid_parameter", pointer: "?limit"})
		}
		s.check(t, call{method: "DELETE", path: "/v1/users/" + s.acme.member.id.String(), rawQuery: "dry;run", token: token, status: 400, code: "invalid_parameter", pointer: "?dry"})
	})
	t.Run("bounded", func(t *testing.T) {
		got := s.check(t, call{path: "/v1/users", rawQuery: strings.Repeat("a;&", 2000), token: token, status: 400})
		if n := len(got.body["errors"].([]any)); n != 20 {
			t.Errorf("got %d violations, want 20", n)
		}
		got = s.check(t, call{path: "/v1/users", rawQuery: strings.Repeat("é", 2000) + "=1", token: token, status: 400})
		if len(got.text) > 2000 {
			t.Errorf("got an answer of %d bytes that repeats the name", len(got.text))
		}
	})
}

// TestNoByteLosesAFilter puts each byte into each part of a filter: the answer is the filter's, or a refusal. Which bytes a
// library drops pairs for is its own affair.
func TestNoByteLosesAFilter(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.exec(t, `UPDATE core.users SET status = 'inactive' WHERE id = $1`, s.acme.member.id)
	const filter = "status=inactive"
	refused := 0
	for _, at := range []int{0, 3, len("status"), len("status="), 10, len(filter)} {
		for b := range 256 {
			query := filter[:at] + string([]byte{byte(b)}) + filter[at:]
			got := s.do(t, call{path: "/v1/users", rawQuery: query, token: s.acme.admin.token})
			rows, _ := got.body["data"].([]any)
			switch {
			case got.status == 400:
				refused++
			case got.status != 200 || len(rows) != 1:
				t.Errorf("%q: got %d with %d rows, want the one inactive user or a refusal", query, got.status, len(rows))
			}
		}
	}
	if refused < 1000 {
		t.Errorf("got %d refusals of 1,536: the filter is not there", refused)
	}
}

// TestRefusalsSayWhatIsAllowed: a caller who reads the problem can mend the request without the contract at hand.
func TestRefusalsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token, user := s.acme.admin.token, "/v1/users/"+s.acme.member.id.String()
	for name, c := range map[string]struct {
		call
		detail string
	}{
		"filter":       {call{path: "/v1/users?status=gone", pointer: "?status"}, "Must be one of: active, inactive."},
		"count":        {call{path: "/v1/users?count=some", pointer: "?count"}, "Must be one of: exact, estimated."},
		"sort":         {call{path: "/v1/users?sort=name", pointer: "?sort"}, "Must be one of: displayName, -displayName, createdAt, -createdAt."},
		"expand":       {call{path: "/v1/users?expand=x", pointer: "?expand"}, ""},
		"repeated":     {call{path: "/v1/users?sort=displayName&sort=createdAt", pointer: "?sort"}, "Send it once, with commas between its values."},
		"other case":   {call{path: "/v1/users?Status=active", pointer: "?Status"}, "Write it as status: names are compared with their case."},
		"instant":      {call{path: "/v1/users?createdAt[gte]=2026-01-01T00:00:00+02:00", pointer: "?createdAt[gte]"}, "Write + as %2B: in a query it stands for a space."},
		"semicolon":    {call{path: "/v1/users?status=active;", pointer: "?status"}, "Write ; as %3B, and & between parameters."},
		"field":        {call{method: "PATCH", path: user, body: `{"status": "gone"}`, pointer: "/status", status: 422}, "Must be one of: active, inactive."},
		"nested field": {call{method: "PATCH", path: "/v1/tenants/" + s.acme.id.String(), token: s.platform, body: `{"status": "gone"}`, pointer: "/status", status: 422}, "Must be one of: active, suspended."},
	} {
		t.Run(name, func(t *testing.T) {
			if c.token == "" {
				c.token = token
			}
			if c.status == 0 {
				c.status = 400
			}
			got := s.check(t, c.call)
			detail := got.body["errors"].([]any)[0].(map[string]any)["detail"]
			if c.detail == "" {
				if !strings.HasPrefix(detail.(string), "Must be one of: ") {
					t.Errorf("got %q", detail)
				}
			} else if detail != c.detail {
				t.Errorf("got %q, want %q", detail, c.detail)
			}
		})
	}
}

// TestIDsHaveOneForm: uuid.Parse takes four.
func TestIDsHaveOneForm(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token, id, role := s.acme.admin.token, s.acme.member.id.String(), s.acme.memberRole.String()
	before := s.fingerprint(t)
	for _, form := range []func(string) string{
		func(id string) string { return "urn:uuid:" + id },
		func(id string) string { return "{" + id + "}" },
		func(id string) string { return strings.ReplaceAll(id, "-", "") },
	} {
		written := url.PathEscape(form(id))
		for _, c := range []call{
			{path: "/v1/users/" + written, status: 400, pointer: "?id"},
			{path: "/v1/users/" + written + "/reports", status: 400, pointer: "?id"},
			{method: "DELETE", path: "/v1/users/" + written, status: 400, pointer: "?id"},
			{path: "/v1/users?managerId=" + url.QueryEscape(form(id)), status: 400, pointer: "?managerId"},
			{method: "PATCH", path: "/v1/users/" + id, body: `{"managerId": "` + form(s.acme.admin.id.String()) + `"}`, status: 422, pointer: "/managerId"},
			{method: "POST", path: "/v1/user-roles", body: `{"userId": "` + id + `", "roleId": "` + form(role) + `"}`, status: 422, pointer: "/roleId"},
		} {
			c.token = token
			t.Run(c.method+c.path, func(t *testing.T) { s.check(t, c) })
		}
	}
	if s.fingerprint(t) != before {
		t.Error("a refused request changed something")
	}
	s.check(t, call{path: "/v1/users/" + strings.ToUpper(id), token: token, status: 200})
}

// TestOddPaths sends paths that routers read in several ways: each has one answer, and no row.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id := s.acme.member.id.String()
	for path, want := range map[string]struct {
		status  int
		pointer string
	}{
		"/v1/users/":                     {400, "?id"},
		"/v1/users/" + id + "/":          {404, ""},
		"//v1/users":                     {404, ""},
		"/v1//users":                     {404, ""},
		"/v1/users;a=b":                  {404, ""},
		"/v1/users/" + id + ";a=b":       {400, "?id"},
		"/v1/users/" + id + "%2F":        {400, "?id"},
		"/v1/users/" + id + "%2Freports": {400, "?id"},
		"/v1/users/..%2F" + id:           {400, "?id"},
		"/v1/users/" + id + "%20":        {400, "?id"},
		"/v1/users/%ff":                  {400, "?id"},
		"/v1/users/%00":                  {400, "?id"},
		"/v1/users/" + id + "%00":        {400, "?id"},
		"/v1/users/a%2F%ff/reports":      {400, "?id"},
		"/v1/Users":                      {404, ""},
		"/V1/users":                      {404, ""},
		"/v1/users/%ff/no":               {404, ""},
	} {
		t.Run(path, func(t *testing.T) {
			s.check(t, call{path: path, token: s.acme.admin.token, status: want.status, pointer: want.pointer, absent: []string{"@"}})
		})
	}
}

// TestNumbersOutOfRangeAreToldTheRange: the range is the contract's, wherever a number has one.
func TestNumbersOutOfRangeAreToldTheRange(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for path, want := range map[string]string{
		"/v1/users?limit=0":                    "Must be from 1 to 200.",
		"/v1/users?limit=-1":                   "Must be from 1 to 200.",
		"/v1/users?limit=201":                  "Must be from 1 to 200.",
		"/v1/users?limit=99999999999999999999": "Must be from 1 to 200.",
		"/v1/roles?limit=0":                    "Must be from 1 to 200.",
		"/v1/users/" + s.acme.manager.id.String() + "/reports?depth=21": "Must be from 1 to 20.",
	} {
		name := path[strings.Index(path, "?")+1 : strings.Index(path, "=")]
		got := s.check(t, call{path: path, token: s.acme.admin.token, status: 400, code: "invalid_parameter", pointer: "?" + name})
		violation := got.body["errors"].([]any)[0].(map[string]any)
		if violation["detail"] != want || violation["code"] != "range" {
			t.Errorf("%s: got %v, want %q", path, violation, want)
		}
	}
}
