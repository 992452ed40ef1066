package errmap_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/errmap"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

func TestCausesOfTheServerStayInside(t *testing.T) {
	t.Parallel()
	secret := errors.New(`pq: relation "users" of host 10.1.2.3`)
	for name, c := range map[string]struct {
		err  error
		want problem.Code
	}{
		"unknown":      {secret, problem.Internal},
		"unavailable":  {fmt.Errorf("%w: %w", pg.ErrUnavailable, secret), problem.Unavailable},
		"timeout":      {fmt.Errorf("%w: %w", pg.ErrTimeout, secret), problem.Timeout},
		"deadline":     {fmt.Errorf("read: %w: %w", context.DeadlineExceeded, secret), problem.Timeout},
		"row security": {fmt.Errorf("%w: %w", pg.ErrRowSecurity, secret), problem.Internal},
	} {
		got := errmap.Mapper{}.Problem(c.err)
		if got.Code != c.want {
			t.Errorf("%s: got %s, want %s", name, got.Code, c.want)
		}
		if strings.Contains(got.Detail, "10.1.2.3") {
			t.Errorf("%s: the answer shows the cause: %s", name, got.Detail)
		}
	}
}
