package logging

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// TestPlainLinesAreSlogs compares each line with that of slog's own handler.
func TestPlainLinesAreSlogs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		at      time.Time
		level   slog.Level
		msg     string
		attrs   []slog.Attr
		another bool // it is slog that writes it
	}{
		"empty":         {at: at, msg: "m"},
		"no time":       {msg: "m"},
		"monotonic":     {at: time.Now(), msg: "m"},
		"level between": {at: at, level: slog.LevelWarn + 1, msg: "m"},
		"values": {at: at, level: slog.LevelError, msg: "request", attrs: []slog.Attr{
			slog.String("a", "/v1/users/*?<&>"), slog.Int("b", -1), slog.Duration("c", time.Second), slog.Bool("d", true),
			slog.String("e", ""), slog.Int64("f", 1<<62), slog.String("g", "one two"),
		}},
		"quote":         {at: at, msg: `"`, another: true},
		"backslash":     {at: at, msg: "m", attrs: []slog.Attr{slog.String("a", `\`)}, another: true},
		"control":       {at: at, msg: "m", attrs: []slog.Attr{slog.String("a", "a\nb")}, another: true},
		"line break":    {at: at, msg: "m", attrs: []slog.Attr{slog.String("a", "a\u2028b")}, another: true},
		"umlaut":        {at: at, msg: "m", attrs: []slog.Attr{slog.String("ä", "ö")}, another: true},
		"no text":       {at: at, msg: "m", attrs: []slog.Attr{slog.String("a", "\xff")}, another: true},
		"group":         {at: at, msg: "m", attrs: []slog.Attr{slog.Group("a", slog.Int("b", 1))}, another: true},
		"inline group":  {at: at, msg: "m", attrs: []slog.Attr{slog.Group("", slog.Int("b", 1))}, another: true},
		"error":         {at: at, msg: "m", attrs: []slog.Attr{slog.Any("a", errors.New("e"))}, another: true},
		"no attribute":  {at: at, msg: "m", attrs: []slog.Attr{{}}, another: true},
		"after another": {at: at, msg: "m", attrs: []slog.Attr{slog.Any("a", nil), slog.Int("b", 1)}, another: true},
	} {
		record := slog.NewRecord(c.at, c.level, c.msg, 0)
		record.AddAttrs(c.attrs...)
		line, plain := appendPlain(nil, &record)
		if plain == c.another {
			t.Errorf("%s: got plain %t, want %t", name, plain, !c.another)
		}
		var want, got bytes.Buffer
		if err := slog.NewJSONHandler(&want, nil).Handle(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		if plain && string(line) != want.String() {
			t.Errorf("%s: got %s, want %s", name, line, want.String())
		}
		logger, flush := New(&got, slog.LevelInfo)
		if err := errors.Join(logger.Handler().Handle(t.Context(), record), flush()); err != nil || got.String() != want.String() {
			t.Errorf("%s: logged %s (%v), want %s", name, got.String(), err, want.String())
		}
	}
}

// TestHandlersWithAttributesSaySo guards what the short way does not know.
func TestHandlersWithAttributesSaySo(t *testing.T) {
	t.Parallel()
	var want, got bytes.Buffer
	logger, flush := New(&got, slog.LevelInfo)
	record := slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)
	record.AddAttrs(slog.Int("c", 1))
	for _, h := range []slog.Handler{logger.Handler(), slog.NewJSONHandler(&want, nil)} {
		for _, h := range []slog.Handler{h.WithAttrs([]slog.Attr{slog.Int("a", 1)}), h.WithGroup("g"), h.WithGroup("g").WithAttrs([]slog.Attr{slog.Int("a", 1)})} {
			if err := h.Handle(context.Background(), record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := flush(); err != nil || got.String() != want.String() || got.Len() == 0 {
		t.Errorf("got %s (%v), want %s", got.String(), err, want.String())
	}
}

// BenchmarkRequestLine compares the short way with slog's, on a line of a request.
func BenchmarkRequestLine(b *testing.B) {
	record := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	id := "01900000-0000-7000-8000-000000000000"
	record.AddAttrs(slog.String("method", "GET"), slog.String("path", "/v1/users/"+id), slog.Int("status", 200), slog.Duration("took", time.Millisecond),
		slog.String("operation", "users.get"), slog.String("requestId", id), slog.String("tenantId", id), slog.String("principalType", "user"), slog.String("principalId", id), slog.String("permissions", "users:read roles:read"))
	b.Run("plain", func(b *testing.B) {
		var line []byte
		for b.Loop() {
			line, _ = appendPlain(line[:0], &record)
		}
	})
	b.Run("slog", func(b *testing.B) {
		var line bytes.Buffer
		h := slog.NewJSONHandler(&line, nil)
		for b.Loop() {
			line.Reset()
			_ = h.Handle(context.Background(), record)
		}
	})
}
