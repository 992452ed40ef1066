package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/journal"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/openapi"
)

// TestContractShowsProblemsAsTheyAre compares the contract's examples with what the server writes.
func TestContractShowsProblemsAsTheyAre(t *testing.T) {
	t.Parallel()
	var document struct {
		Components struct {
			Examples map[string]struct {
				Value struct {
					Type, Title, Code string
					Status            int
				}
			}
		}
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	f := &failures{logger: slog.New(slog.DiscardHandler)}
	for _, kind := range problem.Kinds() {
		shown := document.Components.Examples[string(kind.Code)].Value
		answer := f.answer(journal.With(t.Context(), &journal.Entry{}), problem.New(kind.Code, "A sentence."))
		got := answer.Response
		if got.Code != string(kind.Code) || shown.Code != got.Code || shown.Status != got.Status || shown.Status != answer.StatusCode || shown.Title != got.Title || shown.Type != got.Type {
			t.Errorf("the contract shows %s as %+v, the server answers %d %+v", kind.Code, shown, answer.StatusCode, got)
		}
	}
}

func TestCausesOfTheServerStayInside(t *testing.T) {
	t.Parallel()
	secret := errors.New(`pq: relation "users" of host 10.1.2.3`)
	for name, c := range map[string]struct {
		err  error
		want problem.Code
	}{
		"unknown":      {secret, problem.Internal},
		"unavailable":  {fmt.Errorf("%w: %w", postgres.ErrUnavailable, secret), problem.Unavailable},
		"timeout":      {fmt.Errorf("%w: %w", postgres.ErrTimeout, secret), problem.Timeout},
		"deadline":     {fmt.Errorf("read: %w: %w", context.DeadlineExceeded, secret), problem.Timeout},
		"row security": {fmt.Errorf("%w: %w", postgres.ErrRowSecurity, secret), problem.Internal},
	} {
		got := asProblem(c.err)
		if got.Code != c.want {
			t.Errorf("%s: got %s, want %s", name, got.Code, c.want)
		}
		if strings.Contains(got.Detail, "10.1.2.3") {
			t.Errorf("%s: the answer shows the cause: %s", name, got.Detail)
		}
	}
}
