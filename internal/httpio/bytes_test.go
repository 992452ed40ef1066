package httpio_test

import (
	"bytes"
	"testing"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/httpio"
)

func TestBase64IsNeverNull(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]byte{`"AP8="`: {0, 255}, `""`: {}} {
		if got, err := httpio.Base64(jx.DecodeStr(text)); err != nil || got == nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{`null`, `"AP8"`, `"?"`, `1`, `[]`, ``} {
		if got, err := httpio.Base64(jx.DecodeStr(text)); err == nil {
			t.Errorf("%s: got %v, want an error", text, got)
		}
	}
}
