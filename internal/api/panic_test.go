package api_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/serving"
)

// broken panics where an operation would begin.
type broken struct{ serving.TokenVerifier }

func (broken) Verify(context.Context, string) (*authn.Principal, error) { panic("planted s3cret") }

func TestPanicBecomesAProblem(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var log bytes.Buffer
	r := s.replica(t, s.appURL, s.appURL, func(c *api.Config) {
		c.Verifier = broken{s.verifier}
		c.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	})
	got := r.do(t, call{path: "/v1/users", token: s.acme.admin.token})
	if got.status != 500 || got.body["code"] != "internal" || got.body["requestId"] != got.header.Get("X-Request-Id") || strings.Contains(got.text, "s3cret") {
		t.Errorf("got %d %s, want an internal problem that does not show its cause", got.status, got.text)
	}
	for _, want := range []string{`"msg":"panic"`, "planted s3cret", "panic_test.go", `"msg":"request"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if got := r.do(t, call{path: "/livez"}); got.status != 200 {
		t.Errorf("got %d afterwards, want the server to go on", got.status)
	}
}
