package email_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/email"
)

func TestNormal(t *testing.T) {
	t.Parallel()
	local, label := strings.Repeat("l", 64), strings.Repeat("d", 63)
	longest := local + "@" + label + "." + label + "." + strings.Repeat("d", 61)
	for given, want := range map[string]string{
		"a@b.c": "a@b.c", "Admin@Example.COM": "admin@example.com", "o'neil+tag@xn--bcher-kva.example": "o'neil+tag@xn--bcher-kva.example",
		"a.b_c-d@localhost": "a.b_c-d@localhost", longest: longest,
	} {
		if got, err := email.Normal(given); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", given, got, err, want)
		}
	}
	for given, want := range map[string]error{
		" a@b.c": email.ErrSpace, "a@b.c ": email.ErrSpace, "a@b.c\r\nBcc: x@y.z": email.ErrSpace, "a\u200b@b.c": email.ErrSpace, "a@b\u2028.c": email.ErrSpace,
		"a\u00ad@b.c": email.ErrSpace, "\ufeffa@b.c": email.ErrSpace, "a\u00a0@b.c": email.ErrSpace, "a\x7f@b.c": email.ErrSpace, "a\t@b.c": email.ErrSpace,
		"ä@b.c": email.ErrASCII, "a@bücher.example": email.ErrASCII, "аdmin@b.c": email.ErrASCII,
		local + "l@b.c": email.ErrLong, longest + "d": email.ErrLong,
		"": email.ErrForm, "a": email.ErrForm, "@b.c": email.ErrForm, "a@": email.ErrForm, "a@b@c": email.ErrForm, "a..b@c.d": email.ErrForm,
		".a@b.c": email.ErrForm, "a.@b.c": email.ErrForm, "a@-b.c": email.ErrForm, "a@b-.c": email.ErrForm, "a@b..c": email.ErrForm, "a@b.c.": email.ErrForm,
		`"a"@b.c`: email.ErrForm, "<a@b.c>": email.ErrForm, "a@[192.0.2.1]": email.ErrForm, "a@b_c.d": email.ErrForm, "a@" + label + "d.c": email.ErrForm,
	} {
		if got, err := email.Normal(given); !errors.Is(err, want) {
			t.Errorf("%q: got %q, %v, want %v", given, got, err, want)
		}
	}
}
