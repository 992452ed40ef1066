// Package retention removes what is not kept: rows that have expired, and all rows of tenants that are being deleted. It works
// beside the requests, in batches of at most 1,000 rows, each a short transaction inside one tenant, so that row-level
// security holds for it as for everybody. Of several servers one does a task at a time (task.go).
package retention

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

const (
	// Batch is the most rows that one transaction removes.
	Batch = 1000
	// pause is the time between the end of a task and when it is due again. With it, the time to notice a server that died
	// and the time for the work itself, rows stay for less than 10 minutes beyond their time.
	pause = 2 * time.Minute
	// lease is how long a task belongs to a server that is not heard of.
	lease = time.Minute
	// look is how often a server looks whether a task is due.
	look = 15 * time.Second
)

// Options are what New needs to know.
type Options struct {
	// Driver is the pool's, connected as core_app. Required.
	Driver dialect.Driver
	// Expiring are the tables whose rows expire.
	Expiring []Table
	// OfTenants are the tables of tenants' rows, each after all that refer to it.
	OfTenants []Owned
	// Erase forgets what is kept about a tenant outside of its own rows. It may be asked several times. Defaults to nothing.
	Erase func(ctx context.Context, tenant uuid.UUID) error
	// Logger is told of failures and of deleted tenants. Required.
	Logger *slog.Logger
	// Meter is told of removed rows. Defaults to none.
	Meter Meter
}

// Meter counts removed rows.
type Meter interface {
	// RowsRemoved is called with the rows of a table that had expired, or whose tenant is deleted.
	RowsRemoved(table string, rows int)
}

// Worker removes what is not kept. It is safe for concurrent use.
type Worker struct {
	options Options
	self    uuid.UUID // this process, among those that share the database
	wake    chan struct{}

	mu       sync.Mutex
	position uuid.UUID // the tenant after which a sweep that failed goes on
}

// New returns a worker; Run has it work.
func New(o Options) *Worker {
	return &Worker{options: o, self: uuid.New(), wake: make(chan struct{}, 1)}
}

// Run does the tasks whenever they are due, until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	ctx = pg.Background(ctx)
	var tasks sync.WaitGroup
	tasks.Go(func() { w.repeat(ctx, taskExpired, nil, w.expire) })
	tasks.Go(func() { w.repeat(ctx, taskTenants, w.wake, w.deleteTenants) })
	tasks.Wait()
}

// repeat looks for a task until ctx ends, and sooner when it is woken.
func (w *Worker) repeat(ctx context.Context, name string, wake <-chan struct{}, work func(context.Context, *task) error) {
	for woken := false; ; {
		if err := w.do(ctx, name, woken, work); err != nil && ctx.Err() == nil {
			w.options.Logger.WarnContext(ctx, "clean-up failed, it is tried again", "task", name, "error", err)
		}
		// Servers that were started together do not look at once for ever.
		timer := time.NewTimer(look/2 + rand.N(look))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-wake:
			woken = true
		case <-timer.C:
			woken = false
		}
		timer.Stop()
	}
}

// Wake has tenants that are being deleted looked for at once.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Sweep removes what has expired and finishes the tenants that are being deleted, now and whoever else does so.
func (w *Worker) Sweep(ctx context.Context) error {
	return errors.Join(w.expire(ctx, nil), w.deleteTenants(ctx, nil))
}

func (w *Worker) removed(table string, rows int) {
	if w.options.Meter != nil && rows > 0 {
		w.options.Meter.RowsRemoved(table, rows)
	}
}
