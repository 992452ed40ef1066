package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

const (
	// cutPatience is how long requests may take to notice that they are cut off.
	cutPatience = time.Second
	// closePatience bounds the wait for the database's connections to be given back and closed.
	closePatience = 2 * time.Second
)

// servers are the process' HTTP servers.
type servers struct {
	public, admin *http.Server
	cut           func() // ends the contexts of requests
}

// shutdown stops accepting, waits for requests in flight for at most timeout, and then cuts off those that are left. The
// admin server goes last, so that the end can be watched.
func (s servers) shutdown(ctx context.Context, timeout time.Duration) error {
	inTime := finish(ctx, s.public, timeout)
	if inTime != nil {
		s.cut()
		_ = finish(ctx, s.public, cutPatience)
		_ = s.public.Close()
	}
	_ = finish(ctx, s.admin, cutPatience)
	_ = s.admin.Close()
	if inTime != nil {
		return fmt.Errorf("requests were still in flight after %s and were cut off: %w", timeout, inTime)
	}
	return nil
}

func finish(ctx context.Context, server *http.Server, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return server.Shutdown(ctx)
}

// closeDatabase closes the pool. It waits for connections in use, but not for a database that does not answer any more.
func closeDatabase(db *pg.DB, logger *slog.Logger) {
	closed := make(chan struct{})
	go func() { defer close(closed); db.Close() }()
	select {
	case <-closed:
	case <-time.After(closePatience):
		logger.Warn("database connections were still in use and are dropped")
	}
}
