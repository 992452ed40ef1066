package openapi

import (
	"regexp"
	"strings"
	"testing"
)

func TestLimitTexts(t *testing.T) {
	t.Parallel()
	doc := after(t, "limit texts")
	schemas := doc.spec.Components.Schemas
	const pattern = `"pattern":"^[^\\x00]*$"`
	for name, want := range map[string]string{
		"biography": pattern,                // a text
		"tags":      pattern + `}`,          // its items
		"nick":      `"pattern":"^[a-z]+$"`, // its own
		"salary":    `"pattern":"^-?(0|`,    // its scale's
	} {
		if got := property(t, schemas["PersonCreate"], name); !strings.Contains(got, want) {
			t.Errorf("PersonCreate.%s: got %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"mood", "bossId", "bornOn", "photo"} {
		if got := property(t, schemas["PersonCreate"], name); strings.Contains(got, "pattern") {
			t.Errorf("PersonCreate.%s: got %s, want no pattern beside its format or values", name, got)
		}
	}
	if got := property(t, schemas["Person"], "biography"); strings.Contains(got, "pattern") {
		t.Errorf("Person.biography: got %s, want no pattern in an answer", got)
	}
	for _, p := range doc.spec.Paths["/v1/people"].Get.Parameters {
		if p.Name == "q" && p.Schema.Pattern != storable {
			t.Errorf("q: got the pattern %q", p.Schema.Pattern)
		}
	}
}

// TestPermissionPattern takes what exists and nothing that begins or ends with it.
func TestPermissionPattern(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(after(t, "limit texts").permissionPattern())
	for text, want := range map[string]bool{
		"*": true, "people:read": true, "people:reads": false, "xpeople:read": false, "": false, "people:fly": false, "people:read\n": false,
	} {
		if pattern.MatchString(text) != want {
			t.Errorf("%q: got %t, want %t by %s", text, !want, want, pattern)
		}
	}
}

func TestLimitTextsOfPermissions(t *testing.T) {
	t.Parallel()
	doc := after(t, "show examples")
	for _, e := range doc.entities {
		for _, f := range e.Fields {
			f.Permissions = f.JSON == "tags"
		}
	}
	if err := limitTexts(doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"PersonCreate", "PersonUpdate"} {
		if got := property(t, doc.spec.Components.Schemas[name], "tags"); !strings.Contains(got, "people:read|") || !strings.Contains(got, "others are refused") {
			t.Errorf("%s.tags: got %s, want the permissions", name, got)
		}
	}
	withoutPatterns(doc.spec)
	if got, want := property(t, doc.spec.Components.Schemas["PersonCreate"], "tags"), property(t, after(t, "show examples").spec.Components.Schemas["PersonCreate"], "tags"); got != want {
		t.Errorf("ogen reads %s, want %s", got, want)
	}
}
