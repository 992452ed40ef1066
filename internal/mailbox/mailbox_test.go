package mailbox_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/mailbox"
)

func TestNormal(t *testing.T) {
	t.Parallel()
	local, label := strings.Repeat("l", 64), strings.Repeat("d", 63)
	longest := local + "@" + label + "." + label + "." + strings.Repeat("d", 61)
	for given, want := range map[string]string{
		"a@b.c": "a@b.c", "Admin@Example.COM": "admin@example.com", "o'neil+tag@xn--bcher-kva.example": "o'neil+tag@xn--bcher-kva.example",
		"a.b_c-d@localhost": "a.b_c-d@localhost", longest: longest,
	} {
		if got, err := mailbox.Normal(given); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", given, got, err, want)
		}
	}
	for given, want := range map[string]error{
		" a@b.c": mailbox.ErrSpace, "a@b.c ": mailbox.ErrSpace, "a@b.c\r\nBcc: x@y.z": mailbox.ErrSpace, "a\u200b@b.c": mailbox.ErrSpace, "a@b\u2028.c": mailbox.ErrSpace,
		"a\u00ad@b.c": mailbox.ErrSpace, "\ufeffa@b.c": mailbox.ErrSpace, "a\u00a0@b.c": mailbox.ErrSpace, "a\x7f@b.c": mailbox.ErrSpace, "a\t@b.c": mailbox.ErrSpace,
		"ä@b.c": mailbox.ErrASCII, "a@bücher.example": mailbox.ErrASCII, "аdmin@b.c": mailbox.ErrASCII,
		local + "l@b.c": mailbox.ErrLong, longest + "d": mailbox.ErrLong,
		"": mailbox.ErrForm, "a": mailbox.ErrForm, "@b.c": mailbox.ErrForm, "a@": mailbox.ErrForm, "a@b@c": mailbox.ErrForm, "a..b@c.d": mailbox.ErrForm,
		".a@b.c": mailbox.ErrForm, "a.@b.c": mailbox.ErrForm, "a@-b.c": mailbox.ErrForm, "a@b-.c": mailbox.ErrForm, "a@b..c": mailbox.ErrForm, "a@b.c.": mailbox.ErrForm,
		`"a"@b.c`: mailbox.ErrForm, "<a@b.c>": mailbox.ErrForm, "a@[192.0.2.1]": mailbox.ErrForm, "a@b_c.d": mailbox.ErrForm, "a@" + label + "d.c": mailbox.ErrForm,
	} {
		if got, err := mailbox.Normal(given); !errors.Is(err, want) {
			t.Errorf("%q: got %q, %v, want %v", given, got, err, want)
		}
	}
}
