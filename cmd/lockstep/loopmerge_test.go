package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// mergeExhibits patches JSON members as RFC 7396 says: merged, null removes, and what comes of it obeys the contract.
func mergeExhibits(t *testing.T, s *served) {
	c := s.ours.in(t)
	body := object(t, exhibit)
	body["pin"], body["code"] = "4711", "merge"
	body["free"] = map[string]any{"a": 1, "b": map[string]any{"c": 2}, "list": []any{1, 2}}
	path := "/v1/exhibits/" + c.do("POST", "/v1/exhibits", text(t, body), http.StatusCreated)["id"].(string)
	for _, step := range [][3]string{ // patch, member, what it is then
		{`{"free": {"b": {"d": 3}}}`, "free", `{"a":1,"b":{"c":2,"d":3},"list":[1,2]}`},
		{`{"free": {"b": {"c": null}, "list": [null]}}`, "free", `{"a":1,"b":{"d":3},"list":[null]}`},
		{`{"free": {"a": {"x": null, "y": 1}, "gone": null}}`, "free", `{"a":{"y":1},"b":{"d":3},"list":[null]}`},
		{`{"free": {}}`, "free", `{"a":{"y":1},"b":{"d":3},"list":[null]}`},
		{`{"freeNull": null}`, "freeNull", `null`}, {`{"freeNull": {"a": {"b": null}}}`, "freeNull", `{"a":{}}`},
		{`{"typed": {"street": "New 1"}}`, "typed", `{"street":"New 1","zip":"5003","since":"2020-05-17T00:00:00.5Z","floor":-2,"rooms":[{"name":"hall","area":20.5}]}`},
		{`{"typed": {"zip": null, "floor": null, "rooms": [{"name": "den", "area": 1}]}}`, "typed", `{"street":"New 1","zip":null,"since":"2020-05-17T00:00:00.5Z","rooms":[{"name":"den","area":1}]}`},
		{`{"typed": {"rooms": null, "zip": "1"}}`, "typed", `{"street":"New 1","zip":"1","since":"2020-05-17T00:00:00.5Z"}`},
		{`{"typedNull": {"zip": "9"}}`, "typedNull", `{"street":"","zip":"9","since":"2020-05-17T00:00:00Z"}`},
		{`{"typedNull": null}`, "typedNull", `null`},
		{`{"typedNull": {"street": "S", "since": "2020-05-17T00:00:00Z"}}`, "typedNull", `{"street":"S","zip":null,"since":"2020-05-17T00:00:00Z"}`},
		{`{"small": {"a": 1}}`, "small", `{"a":1}`}, {`{"small": {"a": null, "b": "23456789"}}`, "small", `{"b":"23456789"}`},
	} {
		before := c.do("GET", path, "", http.StatusOK)
		got := c.do("PATCH", path, step[0], http.StatusOK)
		want := object(t, `{"v": `+step[2]+`}`)["v"]
		if !sameValue(got[step[1]], want) {
			t.Errorf("PATCH %s: got %s, want %s", step[0], text(t, got[step[1]]), step[2])
		}
		if read := c.do("GET", path, "", http.StatusOK); text(t, read[step[1]]) != text(t, got[step[1]]) || fmt.Sprint(read["version"]) == fmt.Sprint(before["version"]) {
			t.Errorf("PATCH %s: GET answers %s at version %v, before it was %v", step[0], text(t, read[step[1]]), read["version"], before["version"])
		}
	}
	deep := func(n int) string { return strings.Repeat(`{"a": `, n) + "1" + strings.Repeat("}", n) }
	c.do("PATCH", path, `{"typedNull": null, "free": {"deep": `+deep(60)+`}}`, http.StatusOK)
	for patch, pointers := range map[string]string{
		`{"typed": {"street": null}}`:                                                   "/typed/street",
		`{"typed": {"street": 1}}`:                                                      "/typed/street",
		`{"typed": {"extra": 1}}`:                                                       "/typed/extra",
		`{"typed": {"floor": 128}}`:                                                     "/typed/floor",
		`{"typed": {"rooms": [{"name": "a"}]}}`:                                         "/typed/rooms/0/area",
		`{"typedNull": {"street": "S"}}`:                                                "/typedNull/since",
		`{"typedNull": {"zip": "9"}}`:                                                   "/typedNull/since /typedNull/street",
		`{"small": {"c": "2345678"}}`:                                                   "/small",
		`{"free": {"big": "` + strings.Repeat("x", 65_536) + `"}}`:                      "/free",
		`{"free": {"n": 9007199254740993}}`:                                             "/free/n",
		`{"free": {"deep": ` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}}`: "/free",
		`{"free": {"deep": ` + deep(70) + `}}`:                                          "/free",
	} {
		refused := c.do("PATCH", path, patch, http.StatusUnprocessableEntity)
		var got []string
		for _, violation := range refused["errors"].([]any) {
			got = append(got, fmt.Sprint(violation.(map[string]any)["pointer"]))
		}
		if strings.Join(got, " ") != pointers {
			t.Errorf("PATCH %.80s: got %v, want %s", patch, refused["errors"], pointers)
		}
	}
}

// mergeAtOnce patches one JSON member by many callers: each member that somebody sets is there in the end, and nobody's version is
// counted twice.
func mergeAtOnce(t *testing.T, s *served) {
	c := s.ours.in(t)
	body := object(t, exhibit)
	body["pin"], body["code"], body["free"] = "4711", "at once", map[string]any{}
	path := "/v1/exhibits/" + c.do("POST", "/v1/exhibits", text(t, body), http.StatusCreated)["id"].(string)
	const callers, patches = 4, 5
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for j := range patches {
				for {
					_, _, status := c.send("PATCH", path, fmt.Sprintf(`{"free": {"m%d": {"n%d": true}}}`, i, j))
					if status == http.StatusOK {
						break
					}
					if status != http.StatusServiceUnavailable {
						t.Errorf("got %d", status)
						return
					}
				}
			}
		})
	}
	all.Wait()
	got := c.do("GET", path, "", http.StatusOK)
	for i := range callers {
		if member, _ := got["free"].(map[string]any)[fmt.Sprintf("m%d", i)].(map[string]any); len(member) != patches {
			t.Errorf("got %v of caller %d, want all of its %d", member, i, patches)
		}
	}
	if got["version"] != json.Number(fmt.Sprint(1+callers*patches)) {
		t.Errorf("got version %v after %d patches", got["version"], callers*patches)
	}
}
