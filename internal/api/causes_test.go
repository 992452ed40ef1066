package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/serving"
)

// TestARequestThatEndsSaysWhy ends requests that wait for a row's lock: each was in the log with the cause other.
func TestARequestThatEndsSaysWhy(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	lock, err := direct.owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(context.Background()) }()
	if _, err := lock.Exec(t.Context(), `SELECT FROM core.users WHERE id = $1 FOR UPDATE`, direct.acme.member.id); err != nil {
		t.Fatal(err)
	}
	waiting := watcher(t, direct)
	for cause, test := range map[string]struct {
		limit time.Duration // of the request
		end   error         // that the request's context is ended with; nil: its time is over
	}{
		"client_gone": {time.Hour, context.Canceled},
		"shutdown":    {time.Hour, fmt.Errorf("cut off: %w", serving.ErrShutdown)},
		"deadline":    {50 * time.Millisecond, nil},
	} {
		log := &logged{}
		s := direct.replica(t, direct.appURL, direct.appURL, func(c *api.Config) {
			c.Logger, c.RequestTimeout = slog.New(slog.NewJSONHandler(log, nil)), test.limit
		})
		ctx, end := context.WithCancelCause(t.Context())
		request := httptest.NewRequestWithContext(ctx, http.MethodPatch, "/v1/users/"+s.acme.member.id.String(), strings.NewReader(`{"displayName": "After"}`))
		request.Header.Set("Authorization", "Bearer "+s.acme.admin.token)
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			s.handler.ServeHTTP(recorder, request)
		}()
		if test.end != nil {
			eventually(t, "the request waits for the row", func() bool { return waiting() > 0 })
			if errors.Is(test.end, context.Canceled) {
				end(nil) // as net/http does
			} else {
				end(test.end)
			}
		}
		<-answered
		end(nil)
		if recorder.Code != http.StatusGatewayTimeout {
			t.Errorf("%s: got status %d, want 504\n%s", cause, recorder.Code, recorder.Body)
		}
		if got := log.request(t, recorder.Header().Get("X-Request-Id")).Cause; got != cause {
			t.Errorf("got cause %q in the log, want %s", got, cause)
		}
		eventually(t, "no statement waits for the row any more", func() bool { return waiting() == 0 })
	}
}
