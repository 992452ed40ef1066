package logging_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/logging"
)

// sink keeps each write.
type sink struct {
	mu     sync.Mutex
	writes []string
	err    error
}

func (s *sink) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, string(text))
	return len(text), s.err
}

// written returns the writes so far.
func (s *sink) written() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// empty forgets the writes, and has further ones succeed.
func (s *sink) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes, s.err = nil, nil
}

func TestLinesAreWrittenTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &sink{}
		logger, _ := logging.New(to, slog.LevelInfo)
		for round := 1; round <= 2; round++ { // the timer is used again
			logger.Info("first")
			logger.Debug("below the level")
			logger.With("who", "me").WithGroup("g").Info("second", "n", 1)
			time.Sleep(9 * time.Millisecond)
			synctest.Wait()
			if got := to.written(); len(got) != round-1 {
				t.Fatalf("early: got %d writes, want %d", len(got), round-1)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			got := to.written()
			if len(got) != round || strings.Count(got[round-1], "\n") != 2 || !strings.Contains(got[round-1], `"who":"me","g":{"n":1}`) {
				t.Fatalf("got %q, want two lines in write %d", got, round)
			}
		}
	})
}

func TestWarningsDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &sink{}
		logger, flush := logging.New(to, slog.LevelInfo)
		logger.Info("before")
		logger.With("a", 1).WithGroup("g").Warn("now")
		if got := to.written(); len(got) != 1 || strings.Count(got[0], "\n") != 2 {
			t.Errorf("got %q, want both lines at once", got)
		}
		logger.Info("last")
		if err := flush(); err != nil || len(to.written()) != 2 {
			t.Errorf("flushed: got %q and %v, want the last line", to.written(), err)
		}
		if err := flush(); err != nil || len(to.written()) != 2 {
			t.Errorf("flushed again: got %q and %v, want nothing more", to.written(), err)
		}
	})
}

// TestEveryLineIsWrittenOnceAndWhole logs from many goroutines more than waits for the timer.
func TestEveryLineIsWrittenOnceAndWhole(t *testing.T) {
	t.Parallel()
	to := &sink{}
	logger, flush := logging.New(to, slog.LevelInfo)
	const writers, each = 8, 500
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				logger.Info("line", "id", fmt.Sprintf("%d-%d", w, i), "padding", strings.Repeat("x", 100))
			}
		})
	}
	wg.Wait()
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	lines := slices.Collect(strings.Lines(strings.Join(to.written(), "")))
	for _, line := range lines {
		var record struct{ ID string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[record.ID] = true
	}
	if n := len(lines); len(seen) != writers*each || n != writers*each {
		t.Errorf("got %d lines of %d ids, want %d of each", n, len(seen), writers*each)
	}
	if n := len(to.written()); n > writers*each/20 {
		t.Errorf("got %d writes for %d lines, want few", n, writers*each)
	}
}

// TestALogThatCannotBeWrittenIsTriedAgain has a full disk be emptied: lines of before are lost, later ones are not.
func TestALogThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	to := &sink{err: full}
	logger, flush := logging.New(to, slog.LevelInfo)
	logger.Warn("lost")
	if err := flush(); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
	to.empty()
	logger.Warn("kept")
	err := flush()
	if got := strings.Join(to.written(), ""); err != nil || !strings.Contains(got, "kept") || strings.Contains(got, "lost") {
		t.Errorf("got %q and %v, want the line logged last", got, err)
	}
}
