package pg

import (
	"context"
	"errors"
	"sync"
)

// Pipelined runs the functions concurrently and sends their statements together: each function's
// statement waits until all the others have issued theirs or returned, then all go out as one implicit
// transaction in one round trip. Functions that need one statement each cost one round trip in all;
// further statements of some make further rounds. It returns the joined errors of the functions.
//
// It is for reads: if one statement of a round fails, all of the round do. The functions must use the
// context they are given, and not wait for each other. A transaction begun in one of them is not part
// of the rounds.
func (db *DB) Pipelined(ctx context.Context, fns ...func(ctx context.Context) error) error {
	scope, err := requireScope(ctx)
	if err != nil {
		return err
	}
	r := &round{db: db, ctx: ctx, scope: scope, running: len(fns)}
	errs := make([]error, len(fns))
	panics := make([]any, len(fns))
	var wg sync.WaitGroup
	for n, fn := range fns {
		wg.Go(func() {
			defer r.leave()
			// A panic has to reach the caller's goroutine, where a server recovers it.
			defer func() { panics[n] = recover() }()
			errs[n] = fn(context.WithValue(ctx, memberKey{}, &member{round: r}))
		})
	}
	wg.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return errors.Join(errs...)
}

type memberKey struct{}

// member is one function of a Pipelined.
type member struct {
	round   *round
	waiting bool // guarded by round.mu
}

// memberFrom returns the member ctx belongs to, or nil.
func memberFrom(ctx context.Context) *member {
	m, _ := ctx.Value(memberKey{}).(*member)
	return m
}

// round collects statements until no function is running.
type round struct {
	db    *DB
	ctx   context.Context
	scope Scope

	mu      sync.Mutex
	running int // functions that are neither waiting for a statement nor done
	queue   []queued
}

type queued struct {
	*statement
	member *member
	done   chan error
}

// do runs s in the next round. A function that issues statements concurrently gets those beyond the
// first by themselves.
func (m *member) do(ctx context.Context, scope Scope, s *statement) error {
	r := m.round
	if scope != r.scope {
		return ErrScopeChanged
	}
	r.mu.Lock()
	if m.waiting {
		r.mu.Unlock()
		return r.db.run(ctx, scope, s)
	}
	m.waiting = true
	q := queued{statement: s, member: m, done: make(chan error, 1)}
	r.queue = append(r.queue, q)
	r.running--
	batch := r.takeLocked()
	r.mu.Unlock()
	r.send(batch)
	// The round runs in the context of Pipelined: it ends for all or for none.
	return <-q.done
}

// leave is called when a function is done.
func (r *round) leave() {
	r.mu.Lock()
	r.running--
	batch := r.takeLocked()
	r.mu.Unlock()
	r.send(batch)
}

// takeLocked returns the queue if nobody is left who could add to it, and counts its functions as
// running: they will be once they have their results.
func (r *round) takeLocked() []queued {
	if r.running > 0 || len(r.queue) == 0 {
		return nil
	}
	batch := r.queue
	r.queue = nil
	r.running = len(batch)
	for _, q := range batch {
		q.member.waiting = false
	}
	return batch
}

func (r *round) send(batch []queued) {
	if len(batch) == 0 {
		return
	}
	statements := make([]*statement, len(batch))
	for i, q := range batch {
		statements[i] = q.statement
	}
	err := r.db.run(r.ctx, r.scope, statements...)
	for _, q := range batch {
		q.done <- err
	}
}
