// Package idempotency makes a POST with an Idempotency-Key happen once: the key and the answer are stored in the transaction
// of the write, so that there is never one without the other.
// See https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"entgo.io/ent/dialect"

	"github.com/lockstep-dev/lockstep/internal/etag"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
	"github.com/lockstep-dev/lockstep/internal/transaction"
)

// errUsed says that the key is there already; its request may have been answered or be about to.
var errUsed = errors.New("idempotency: the key is in use")

// Client is a client that Ent generates, *ent.Client.
type Client interface {
	// Driver runs statements where the client runs its own: in its transaction, if it is a transaction's.
	Driver() dialect.Driver
}

// Lifetimes say how long keys are remembered, in tables of tenants and of the platform.
type Lifetimes struct{ Tenant, Platform time.Duration }

// Keys remembers the answers to requests with a key, whose work is done on a client C.
type Keys[C Client] struct {
	client    C
	run       func(ctx context.Context, work func(client C) error) error // in a transaction
	lifetimes Lifetimes
	mask      func(ctx context.Context, answer any) (changed bool)
}

// New returns keys in the client's database: in TenantTable and PlatformTable. A stored answer passes through mask before it is
// shown: it hides what the caller of ctx may not see now, and reports whether there was any.
func New[C interface {
	Client
	transaction.Client[T]
}, T transaction.Tx[C]](client C, lifetimes Lifetimes, mask func(ctx context.Context, answer any) bool) *Keys[C] {
	run := func(ctx context.Context, work func(client C) error) error { return transaction.Run(ctx, client, work) }
	return &Keys[C]{client, run, lifetimes, mask}
}

// Operation is one kind of request.
type Operation struct {
	// ID of the contract's operation: users.create.
	ID string
	// Transactional work runs in a transaction even without a key.
	Transactional bool
	// Platform operations belong to no tenant, and neither do their keys.
	Platform bool
	// Allowed returns the error that work would if the caller may not reach the row that the request is about. It is asked before
	// a stored answer is shown; what a caller needs for any row is checked before Once. Defaults to nothing.
	Allowed func(ctx context.Context) error
	// Exists reports whether the row that a stored answer tells of, a pointer to Once's type, is still there. It is asked before
	// the answer is shown, so that nobody is told of what has been deleted, and never for a first request. Defaults to yes.
	Exists func(ctx context.Context, answer any) (bool, error)
}

// Once runs work and returns its answer. With a key, the first request's answer is stored with its write, and repetitions
// get that answer, without what the caller may not see any more; of concurrent ones, one works and the others wait for it. A
// failed request leaves no trace of its key. An old key whose row somebody holds is pg.ErrSerialization: nobody waits for it. A key that comes with another body is a *problem.Error, idempotency_key_reused; one
// whose row has been deleted since is a *problem.Error, not_found.
func Once[C Client, T any](ctx context.Context, keys *Keys[C], op Operation, key string, request any, work func(client C) (*T, error)) (*T, error) {
	if key == "" {
		if !op.Transactional {
			return work(keys.client)
		}
		var answer *T
		err := keys.run(ctx, func(client C) (err error) {
			answer, err = work(client)
			return err
		})
		return answer, err
	}
	sum, err := fingerprint(request)
	if err != nil {
		return nil, err
	}
	attempt := first{scopes: scopesOf(ctx, op.ID), key: key, request: sum}
	kept, lifetime := &tenantTable, keys.lifetimes.Tenant
	if op.Platform {
		kept, lifetime = &platformTable, keys.lifetimes.Platform
	}
	// A key that was in use can be gone by the time it is read: its request failed, or its day is over. Then it is ours, unless
	// somebody holds the old row.
	for range 3 {
		answer, err := store(ctx, keys, kept, attempt, work)
		if !errors.Is(err, errUsed) {
			return answer, err
		}
		answer, found, err := replay[C, T](ctx, keys, op, kept, lifetime, attempt)
		if err != nil || found {
			return answer, err
		}
	}
	return nil, fmt.Errorf("key %q keeps being taken and freed, or is held: %w", key, pg.ErrSerialization)
}

// fingerprint is the SHA-256, in hex, of the request's JSON with its members in order: whoever repeats a request may
// write the members of a free object in another one.
func fingerprint(request any) (string, error) {
	written, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("encode request: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(written))
	// As text: two numbers beyond a float64 are not one.
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return "", fmt.Errorf("order request: %w", err)
	}
	ordered, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("order request: %w", err)
	}
	sum := sha256.Sum256(ordered)
	return hex.EncodeToString(sum[:]), nil
}

// first identifies a request.
type first struct {
	// scopes are what the key is stored under, the caller's own first.
	scopes       []string
	key, request string
}

// store writes the key, does the work and writes the answer, in one transaction. The unique index makes a concurrent request
// with the same key wait here until this one ends.
func store[C Client, T any](ctx context.Context, keys *Keys[C], kept *table, f first, work func(client C) (*T, error)) (*T, error) {
	var answer *T
	err := keys.run(ctx, func(client C) error {
		ids, err := kept.begin(ctx, client.Driver(), f)
		if taken(err) {
			return errUsed
		}
		if err != nil {
			return fmt.Errorf("store idempotency key: %w", err)
		}
		if answer, err = work(client); err != nil {
			return err
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("encode answer: %w", err)
		}
		if err := kept.finish(ctx, client.Driver(), f, ids, text); err != nil {
			return fmt.Errorf("store answer: %w", err)
		}
		return nil
	})
	return answer, err
}

// taken reports whether the key is there already, and not that another unique value is.
func taken(err error) bool {
	var violated *pg.ConstraintError
	return errors.As(err, &violated) && violated.Kind == pg.Unique &&
		(violated.Table == TenantTable || violated.Table == PlatformTable)
}

// replay returns the stored answer; found is false when the key is not there any more or its day is over. It removes the key then,
// and no other: internal/retention removes those that nobody uses again.
func replay[C Client, T any](ctx context.Context, keys *Keys[C], op Operation, kept *table, lifetime time.Duration, f first) (answer *T, found bool, err error) {
	rows, err := kept.find(ctx, keys.client.Driver(), f)
	if err != nil {
		return nil, false, fmt.Errorf("read idempotency key: %w", err)
	}
	row, ok := current(rows, f.scopes, lifetime)
	if !ok {
		if err := kept.remove(ctx, keys.client.Driver(), f, time.Now().Add(-lifetime)); err != nil {
			return nil, false, fmt.Errorf("remove the idempotency key of before: %w", err)
		}
		return nil, false, nil
	}
	if row.request != f.request {
		return nil, true, problem.Of(problem.IdempotencyKeyReused).
			AtHeader("Idempotency-Key", problem.RuleReused, "The key belongs to another request.")
	}
	if op.Allowed != nil {
		if err := op.Allowed(ctx); err != nil {
			return nil, true, err
		}
	}
	if row.answer == nil {
		return nil, true, problem.New(problem.NotFound, problem.DeletedSince)
	}
	answer = new(T)
	if err := read(row.answer, answer); err != nil {
		return nil, true, err
	}
	if op.Exists != nil {
		exists, err := op.Exists(ctx, answer)
		if err != nil {
			return nil, true, fmt.Errorf("look for the row of a stored answer: %w", err)
		}
		if !exists {
			return nil, true, problem.New(problem.NotFound, problem.DeletedSince)
		}
	}
	requestlog.From(ctx).Replayed = true
	if keys.mask(ctx, answer) {
		retag(answer)
	}
	return answer, true, nil
}

// current returns the row whose day is not over, that of the first scope before others.
func current(rows []remembered, scopes []string, lifetime time.Duration) (remembered, bool) {
	for _, scope := range scopes {
		for _, row := range rows {
			if row.scope == scope && time.Since(row.since) <= lifetime {
				return row, true
			}
		}
	}
	return remembered{}, false
}

// retag has the ETag of a masked answer made again: it is of what is shown.
func retag(answer any) {
	v := reflect.ValueOf(answer).Elem()
	if v.Kind() != reflect.Struct {
		return
	}
	if tag := v.FieldByName("ETag"); tag.IsValid() && tag.Kind() == reflect.String {
		tag.SetString(etag.Reopen(tag.String()))
	}
}
