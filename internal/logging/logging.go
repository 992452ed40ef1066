// Package logging writes the process's log: JSON, one line per record. To write each line by itself takes longer than to
// make it, so the lines of some milliseconds are written together; a warning takes all that wait along at once.
package logging

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// delay is how late a line may be. A process that is killed loses the lines of that time.
	delay = 10 * time.Millisecond
	// enough is how many bytes are written without waiting for more.
	enough = 32 << 10
)

// New returns a logger of records at or above level, and what writes the lines that still wait: call it before the process
// ends, and after that whenever a line was logged. Its error, like that of logging, is the last write's.
func New(to io.Writer, level slog.Leveler) (logger *slog.Logger, flush func() error) {
	lines := &writer{to: to}
	return slog.New(&handler{slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: level}), lines, true}), lines.flush
}

// handler is the JSON handler, and does not have warnings wait.
type handler struct {
	slog.Handler
	lines *writer
	// bare says that lines hold nothing but what the record does.
	bare bool
}

// spaces lends what lines are written in.
var spaces = sync.Pool{New: func() any { return new([]byte) }}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	err := h.write(ctx, &record)
	if record.Level >= slog.LevelWarn {
		return h.lines.flush()
	}
	return err
}

func (h *handler) write(ctx context.Context, record *slog.Record) error {
	if h.bare {
		space := spaces.Get().(*[]byte)
		defer spaces.Put(space)
		line, plain := appendPlain((*space)[:0], record)
		*space = line
		if plain {
			_, err := h.lines.Write(line)
			return err
		}
	}
	return h.Handler.Handle(ctx, *record)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.lines, false}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.lines, false}
}

// writer collects lines. It is safe for concurrent use; who logs while it writes waits, so that what it holds is bounded.
type writer struct {
	to io.Writer

	mu      sync.Mutex
	waiting []byte
	timer   *time.Timer
	err     error // of the last write
}

func (w *writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := len(w.waiting) == 0
	w.waiting = append(w.waiting, line...)
	switch {
	case len(w.waiting) >= enough:
		w.writeLocked()
	case first && w.timer == nil:
		w.timer = time.AfterFunc(delay, func() { _ = w.flush() })
	case first:
		w.timer.Reset(delay)
	}
	return len(line), w.err
}

func (w *writer) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeLocked()
	return w.err
}

// writeLocked writes what waits, or loses it: a log that cannot be written must not fill the memory.
func (w *writer) writeLocked() {
	if len(w.waiting) == 0 {
		return
	}
	_, w.err = w.to.Write(w.waiting)
	w.waiting = w.waiting[:0]
}
