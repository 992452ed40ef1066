package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	// stallLimit is how long npm may be silent. It prints a line for every package it has fetched, and waits without end for
	// the rest of one whose connection has stalled.
	stallLimit = 4 * time.Minute
	// installTries is how often the packages are installed anew after a stall. What has arrived is in npm's cache.
	installTries = 3
)

var errStalled = errors.New("nothing more arrives")

// install runs a program that installs packages in dir, again if it stalls.
func install(ctx context.Context, dir string, log io.Writer, limit time.Duration, name string, args ...string) error {
	for try := 1; ; try++ {
		out, err := runUnlessStalled(ctx, dir, limit, name, args...)
		if !errors.Is(err, errStalled) || try == installTries {
			if err != nil {
				return fmt.Errorf("install node packages: %w\n%s", err, withoutFetches(out))
			}
			return nil
		}
		fmt.Fprintf(log, "npm ci: nothing has arrived for %s, trying again\n", limit)
	}
}

// runUnlessStalled runs a program in dir and returns what it printed. It ends it, with errStalled, when it has printed
// nothing for so long.
func runUnlessStalled(ctx context.Context, dir string, limit time.Duration, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &heard{limit: limit, timer: time.AfterFunc(limit, func() { cancel(errStalled) })}
	defer out.timer.Stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		err = fmt.Errorf("run %s %s: %w", name, strings.Join(args, " "), err)
	}
	return out.text(), err
}

// heard keeps what a program prints, and puts off the timer each time it does.
type heard struct {
	limit time.Duration
	timer *time.Timer
	mu    sync.Mutex
	all   bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.timer.Reset(h.limit)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.Write(p)
}

func (h *heard) text() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.all.Bytes())
}

// withoutFetches leaves out npm's line for every package.
func withoutFetches(out []byte) []byte {
	var rest []byte
	for line := range bytes.Lines(out) {
		if !bytes.HasPrefix(line, []byte("npm http ")) {
			rest = append(rest, line...)
		}
	}
	return rest
}
