package paging_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/paging"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

var keys = []paging.Key{
	{Name: "name", Column: "name"},
	{Name: "createdAt", Column: "created_at", Kind: paging.Time},
	{Name: "level", Column: "level", Kind: paging.Number, Nullable: true},
	{Name: "email", Column: "email", Permission: "users:read_pii"},
}

func order(t *testing.T, sort ...string) paging.Order {
	t.Helper()
	o, err := paging.Parse(t.Context(), keys, sort)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func statement(use func(*sql.Selector)) string {
	s := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("things"))
	use(s)
	text, _ := s.Query()
	return strings.ReplaceAll(text, `"`, "")
}

func TestOrdersOfOneDirectionAreOneIndexRange(t *testing.T) {
	t.Parallel()
	id := uuid.Must(uuid.NewV7())
	for sort, want := range map[string]string{
		"name":       "(things.name, things.id) > ($1, $2)",
		"-createdAt": "(things.created_at, things.id) < ($1, $2)",
	} {
		o := order(t, sort)
		cursor := o.Encode("things", nil, id, func(column string) any {
			if column == "created_at" {
				return time.Now()
			}
			return "x"
		})
		after, err := o.Decode("things", nil, cursor)
		if err != nil {
			t.Fatal(err)
		}
		if got := statement(after); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOrderByAHiddenFieldNeedsItsPermission(t *testing.T) {
	t.Parallel()
	_, err := paging.Parse(t.Context(), keys, []string{"-email"})
	var refused *authn.PermissionError
	if !errors.As(err, &refused) || refused.Permission != "users:read_pii" {
		t.Errorf("got %v, want a refusal for users:read_pii", err)
	}
	ctx := authn.With(t.Context(), &authn.Principal{Permissions: []string{"users:read_pii"}})
	if _, err := paging.Parse(ctx, keys, []string{"-email"}); err != nil {
		t.Errorf("got %v, want the order", err)
	}
}

func TestDecodeRefusesForeignCursors(t *testing.T) {
	t.Parallel()
	o := order(t, "name", "-level")
	id, print := uuid.Must(uuid.NewV7()), paging.Fingerprint("filters")
	value := func(name string) any { return map[string]any{"name": "x", "level": nil}[name] }
	valid := o.Encode("things", print, id, value)
	if _, err := o.Decode("things", print, valid); err != nil {
		t.Fatalf("got %v for its own cursor", err)
	}
	for name, text := range map[string]string{
		"empty":            "",
		"not base64":       "%%%",
		"not JSON":         base64.RawURLEncoding.EncodeToString([]byte("things")),
		"of another list":  o.Encode("others", print, id, value),
		"of other filters": o.Encode("things", paging.Fingerprint("other"), id, value),
		"of another order": order(t, "name").Encode("things", print, id, value),
		"without a row":    o.Encode("things", print, uuid.Nil, value),
		"null for a name":  o.Encode("things", print, id, func(string) any { return nil }),
		"wrong type":       o.Encode("things", print, id, func(string) any { return map[string]int{} }),
		"cut":              valid[:len(valid)-4],
		"with a long tail": valid + "AAAA",
	} {
		_, err := o.Decode("things", print, text)
		var p *problem.Error
		if !errors.As(err, &p) || p.Code != problem.InvalidCursor || len(p.Violations) != 1 || p.Violations[0].Parameter != "cursor" {
			t.Errorf("%s: got %v, want invalid_cursor at ?cursor", name, err)
		}
	}
}

// TestCursorsHaveIDsInOneForm: uuid.UUID reads four from JSON.
func TestCursorsHaveIDsInOneForm(t *testing.T) {
	t.Parallel()
	plain := paging.Order{}
	byBoss, err := paging.Parse(t.Context(), []paging.Key{{Name: "bossId", Column: "boss_id", Kind: paging.ID}}, []string{"bossId"})
	if err != nil {
		t.Fatal(err)
	}
	print, id, boss := paging.Fingerprint("of this"), uuid.New(), uuid.New()
	for name, c := range map[string]struct {
		order paging.Order
		id    string
	}{"of the row": {plain, id.String()}, "of a key": {byBoss, boss.String()}} {
		valid := c.order.Encode("things", print, id, func(string) any { return boss })
		raw, err := base64.RawURLEncoding.DecodeString(valid)
		if err != nil {
			t.Fatal(err)
		}
		for form, want := range map[string]bool{
			c.id: true, strings.ToUpper(c.id): true, "urn:uuid:" + c.id: false, "{" + c.id + "}": false, strings.ReplaceAll(c.id, "-", ""): false, "": false,
		} {
			text := base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(string(raw), c.id, form)))
			if _, err := c.order.Decode("things", print, text); (err == nil) != want {
				t.Errorf("%s as %s: got %v", name, form, err)
			}
		}
	}
}

// TestACursorOfNoKeysIsWrittenLikeOthers decodes the cursor that is written without an encoder.
func TestACursorOfNoKeysIsWrittenLikeOthers(t *testing.T) {
	t.Parallel()
	print, id := paging.Fingerprint("of this"), uuid.New()
	text := paging.Order{}.Encode("user_things", print, id, nil)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(struct {
		List  string    `json:"l"`
		Of    []byte    `json:"o"`
		After uuid.UUID `json:"a"`
	}{"user_things", print, id})
	if err != nil || string(raw) != string(want) {
		t.Errorf("got %s, want %s (%v)", raw, want, err)
	}
	if _, err := (paging.Order{}).Decode("user_things", print, text); err != nil {
		t.Errorf("read again: %v", err)
	}
	if _, err := (paging.Order{}).Decode("things", print, text); err == nil {
		t.Error("the cursor of another list was taken")
	}
}

// TestCursorsAreReadStrictly: U+0000 in a value reached Postgres, which refused it as if the caller had sent a body.
func TestCursorsAreReadStrictly(t *testing.T) {
	t.Parallel()
	o, print, id := order(t, "name"), paging.Fingerprint("of this"), uuid.New()
	valid := o.Encode("things", print, id, func(string) any { return "NAME" })
	raw, err := base64.RawURLEncoding.DecodeString(valid)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		old, new string
		taken    bool
	}{
		"as it is":                    {"NAME", "NAME", true},
		"with spaces":                 {`"l":`, ` "l" : `, true},
		"escaped":                     {"NAME", `\u0041\ud83d\ude00`, true},
		"U+0000":                      {"NAME", `a\u0000`, false},
		"half a surrogate pair":       {"NAME", `\ud800`, false},
		"its other half":              {"NAME", `\udc00x`, false},
		"no UTF-8":                    {"NAME", "\xff", false},
		"a member twice":              {`"l":`, `"l":"things","l":`, false},
		"a member twice by an escape": {`"l":`, `"\u006c":"things","l":`, false},
		"an unknown member":           {`"l":`, `"x":1,"l":`, false},
		"U+0000 in a name":            {`"l":`, `"\u0000":1,"l":`, false},
		"nested":                      {`"NAME"`, `{"a":1,"a":2}`, false},
		"a second value":              {"", "{}", false},
		"a word behind":               {"", " x", false},
	} {
		text := strings.Replace(string(raw), c.old, c.new, 1)
		if c.old == "" {
			text = string(raw) + c.new
		}
		_, err := o.Decode("things", print, base64.RawURLEncoding.EncodeToString([]byte(text)))
		var p *problem.Error
		if taken := err == nil; taken != c.taken || !taken && (!errors.As(err, &p) || p.Code != problem.InvalidCursor) {
			t.Errorf("%s: got %v, want it taken: %v", name, err, c.taken)
		}
	}
}

// TestCursorsOfEarlierReleasesAreTaken: they escaped what HTML would read, and are in flight while servers are updated.
func TestCursorsOfEarlierReleasesAreTaken(t *testing.T) {
	t.Parallel()
	o, print, id := order(t, "name", "-level"), paging.Fingerprint("of this"), uuid.New()
	name := "<&>\u2028" + strings.Repeat("&", 100)
	earlier, err := json.Marshal(struct {
		List   string    `json:"l"`
		Of     []byte    `json:"o"`
		Values []any     `json:"k"`
		After  uuid.UUID `json:"a"`
	}{"things", print, []any{name, 7}, id})
	if err != nil {
		t.Fatal(err)
	}
	now := o.Encode("things", print, id, func(column string) any { return map[string]any{"name": name, "level": int64(7)}[column] })
	var args [2][]any
	for i, text := range []string{base64.RawURLEncoding.EncodeToString(earlier), now} {
		after, err := o.Decode("things", print, text)
		if err != nil {
			t.Fatalf("cursor %d: %v", i, err)
		}
		query := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("things"))
		after(query)
		_, args[i] = query.Query()
	}
	if !slices.Equal(args[0], args[1]) || !slices.Contains(args[1], any(name)) {
		t.Errorf("got %v and %v, want the same", args[0], args[1])
	}
	if earlier := base64.RawURLEncoding.EncodedLen(len(earlier)); len(now) > earlier/2 {
		t.Errorf("got %d characters, want few of the %d with escapes", len(now), earlier)
	}
}

// TestValuesThatJSONDoesNotHave continue a list too: only SQL could have written them.
func TestValuesThatJSONDoesNotHave(t *testing.T) {
	t.Parallel()
	o := order(t, "level")
	for _, value := range []any{math.NaN(), math.Inf(1), math.Inf(-1)} {
		after, err := o.Decode("things", nil, o.Encode("things", nil, uuid.New(), func(string) any { return value }))
		if err != nil {
			t.Fatalf("%v: %v", value, err)
		}
		query := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("things"))
		after(query)
		if _, args := query.Query(); args[0] != strings.NewReplacer("+Inf", "Infinity", "-Inf", "-Infinity").Replace(fmt.Sprint(value)) {
			t.Errorf("got %v, want %v as Postgres writes it", args, value)
		}
	}
}
