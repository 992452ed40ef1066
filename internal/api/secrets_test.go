package api_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// logged is what a logger has written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestSecretsAreNeitherLoggedNorAnswered sends secrets wherever a request can hold one, and looks for them in the log, at
// its most talkative, and in the answers.
func TestSecretsAreNeitherLoggedNorAnswered(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	log := &logged{}
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	good := s.acme.admin.token
	parts := strings.Split(good, ".")
	secrets := append([]string{"s3cret-value"}, parts...)
	expired := s.token(t, devissuer.TokenRequest{TenantID: s.acme.id, UserID: s.acme.admin.id, Lifetime: -3600e9})
	secrets = append(secrets, strings.Split(expired, ".")...)
	body := `{"email": "s3cret-value", "displayName": ""}`
	var calls []call
	for _, token := range []string{
		good, expired, good + "x", parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", "." + parts[1] + "." + parts[2], strings.ToUpper(good),
		parts[0] + ".s3cret-value." + parts[2], "s3cret-value", "s3cret-value.s3cret-value.s3cret-value", good + " " + good, strings.Repeat("s3cret-value", 1000),
	} {
		calls = append(calls, call{path: "/v1/users", token: token}, call{method: "POST", path: "/v1/users", token: token, body: body})
	}
	for _, path := range []string{"/v1/users?access_token=" + good, "/v1/users?q=s3cret-value", "/v1/users?cursor=s3cret-value", "/v1/users?limit=s3cret-value", "/livez?token=" + good, "/docs?token=" + good} {
		calls = append(calls, call{path: path, token: good})
	}
	calls = append(calls,
		call{path: "/v1/users", header: map[string]string{"Authorization": "Basic s3cret-value"}},
		call{path: "/v1/users", token: good, header: map[string]string{"Cookie": "session=s3cret-value", "X-Api-Key": "s3cret-value", "If-None-Match": "s3cret-value"}},
		call{method: "POST", path: "/v1/users", token: good, body: `{"email": "s3cret-value@example.com", "displayName": "s3cret-value"}`, header: map[string]string{"Idempotency-Key": "s3cret-value"}},
		call{method: "POST", path: "/v1/users", token: good, body: `{"email": "s3cret-value@example.com", "displayName": "s3cret-value"}`}, // a conflict
		call{method: "POST", path: "/v1/users", token: good, body: `s3cret-value`},
	)
	for _, c := range calls {
		got := s.do(t, c)
		if got.status < 400 {
			continue // a success may answer what was sent
		}
		for _, secret := range secrets {
			if strings.Contains(got.text, secret) || strings.Contains(strings.Join(got.header.Values("WWW-Authenticate"), ""), secret) {
				t.Errorf("%s %.60s: the answer holds %.30s…\n%s", c.method, c.path, secret, got.text)
			}
		}
	}
	lines := log.String()
	for _, secret := range secrets {
		if at := strings.Index(lines, secret); at >= 0 {
			t.Errorf("the log holds %.30s…: …%.200s", secret, lines[max(0, at-100):])
		}
	}
	if n := strings.Count(lines, `"msg":"request"`); n != len(calls) {
		t.Errorf("got %d request lines, want %d: the test proves nothing about those that are missing", n, len(calls))
	}
}
