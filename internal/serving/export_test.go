package serving

import (
	"context"
	"log/slog"

	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// Answer is the problem that a request is answered for err.
func Answer(ctx context.Context, err error) Problem {
	f := &failures{logger: slog.New(slog.DiscardHandler)}
	return f.answer(requestlog.With(ctx, &requestlog.Entry{}), err)
}
