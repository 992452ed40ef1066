package serving

import (
	"context"
	"log/slog"

	"github.com/lockstep-dev/lockstep/internal/journal"
)

// Answer is the problem that a request is answered for err.
func Answer(ctx context.Context, err error) Problem {
	f := &failures{logger: slog.New(slog.DiscardHandler)}
	return f.answer(journal.With(ctx, &journal.Entry{}), err)
}
