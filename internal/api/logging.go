package api

import (
	"context"
	"fmt"
	"log/slog"
)

// requestLog adds to every line that is logged in a request which one it is and whose, wherever in the server it is logged.
type requestLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (l requestLog) Handle(ctx context.Context, line slog.Record) error {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		line = line.Clone() // other handlers may have the same one
		if id := slog.String("requestId", r.id); r.principal != nil {
			line.AddAttrs(id, slog.Any("principal", r.principal))
		} else {
			line.AddAttrs(id)
		}
	}
	if err := l.Handler.Handle(ctx, line); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (l requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{l.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (l requestLog) WithGroup(name string) slog.Handler { return requestLog{l.Handler.WithGroup(name)} }
