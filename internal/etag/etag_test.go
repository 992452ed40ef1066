package etag_test

import (
	"slices"
	"testing"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/etag"
)

type body string

func (b body) Encode(e *jx.Encoder) { e.Str(string(b)) }

func TestTagsFollowVersionAndRepresentation(t *testing.T) {
	t.Parallel()
	tag := etag.Of(3, body("a"))
	if tag != etag.Of(3, body("a")) || tag == etag.Of(3, body("b")) || tag == etag.Of(4, body("a")) {
		t.Errorf("%s does not stand for version and representation", tag)
	}
	if later := etag.Complete(etag.Later(3), []byte(`"a"`)); later != tag || etag.Complete(tag, nil) != tag {
		t.Errorf("completed later: got %s, want %s", later, tag)
	}
	versions, any, err := etag.Versions(tag)
	if err != nil || any || !slices.Equal(versions, []int{3}) {
		t.Errorf("got versions %v, %t, %v of %s, want 3", versions, any, err, tag)
	}
	for header, want := range map[string]bool{tag: true, "W/" + tag: true, `"x", ` + tag: true, `"a,b",` + tag + ",": true, "*": true, `"a,` + tag[1:]: false, `x, ` + tag: false, `"3-x"`: false, "": false, `"3"`: false} {
		if got := etag.Matches(header, tag); got != want {
			t.Errorf("If-None-Match %s: got %t, want %t", header, got, want)
		}
	}
}

func TestVersionsRefusesWhatIsNoTag(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "3", `"3`, `3"`, `"a b"`, `w/"3"`, `,`, `"3-a" "5"`, `"3-a"; "5"`, `*, "3-a"`, `"3-a", *`, `"3-a" x`, `W/ "3"`, "\"3\x7f\""} {
		if versions, any, err := etag.Versions(header); err == nil {
			t.Errorf("%q: got %v, %t, want an error", header, versions, any)
		}
	}
	for _, foreign := range []string{`"x"`, `"a,b"`, `"3,5"`, `"+3-a"`, `"03-a"`, `"-3"`, `W/"3-a"`, `W/"3-a", "a,b"`, "\"\x80\"", `""`, `"9999999999"`, `"99999999999999999999"`} {
		if versions, any, err := etag.Versions(foreign); err != nil || any || len(versions) > 0 {
			t.Errorf("%s: got %v, %t, %v, want a tag that matches nothing", foreign, versions, any, err)
		}
	}
	if versions, _, err := etag.Versions(`"3-a", "5"`); err != nil || !slices.Equal(versions, []int{3, 5}) {
		t.Errorf("got %v, %v, want 3 and 5", versions, err)
	}
	for _, header := range []string{`"3-a", "a,b", W/"4-x", "5"`, `, "3-a",,	"5" ,`, `"3-a","5"`, `"3-,", "5-a,"`} {
		if versions, _, err := etag.Versions(header); err != nil || !slices.Equal(versions, []int{3, 5}) {
			t.Errorf("%s: got %v, %v, want 3 and 5", header, versions, err)
		}
	}
	if _, any, err := etag.Versions("*"); err != nil || !any {
		t.Errorf("got %t, %v, want any", any, err)
	}
}
