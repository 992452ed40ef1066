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
	"time"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/idempotencykey"
	"github.com/lockstep-dev/lockstep/ent/platformidempotencykey"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/journal"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/transaction"
)

// Lifetime is how long a key is remembered.
const Lifetime = 24 * time.Hour

// errUsed says that the key is there already; its request may have been answered or be about to.
var errUsed = errors.New("idempotency: the key is in use")

// Operation is one kind of request.
type Operation struct {
	// ID of the contract's operation: users.create.
	ID string
	// Transactional work runs in a transaction even without a key.
	Transactional bool
	// Platform operations belong to no tenant, and neither do their keys.
	Platform bool
}

// Once runs work and returns its answer. With a key, the first request's answer is stored with its write, and repetitions
// get that answer; of concurrent ones, one works and the others wait for it. A failed request leaves no trace of its key. A
// key that comes with another body is a *problem.Error, idempotency_key_reused.
func Once[T any](ctx context.Context, client *ent.Client, op Operation, key string, request any, work func(*ent.Client) (*T, error)) (*T, error) {
	if key == "" {
		if !op.Transactional {
			return work(client)
		}
		var answer *T
		err := transaction.Run(ctx, client, func(client *ent.Client) (err error) {
			answer, err = work(client)
			return err
		})
		return answer, err
	}
	sum, err := fingerprint(request)
	if err != nil {
		return nil, err
	}
	attempt := first{scope: scopeOf(ctx, op.ID), key: key, request: sum}
	var kept memory = ofTenant{}
	if op.Platform {
		kept = ofPlatform{}
	}
	// A key that was in use can be gone by the time it is read: its request failed, or its day is over. Then it is ours.
	for range 3 {
		answer, err := store(ctx, client, kept, attempt, work)
		if !errors.Is(err, errUsed) {
			return answer, err
		}
		answer, found, err := replay[T](ctx, client, kept, attempt)
		if err != nil || found {
			return answer, err
		}
	}
	return nil, fmt.Errorf("key %q keeps being taken and freed: %w", key, postgres.ErrSerialization)
}

// fingerprint is the SHA-256, in hex, of the request's JSON with its members in order: ogen writes the members of a free
// object as Go's map yields them, which is another order each time.
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
type first struct{ scope, key, request string }

// store writes the key, does the work and writes the answer, in one transaction. The unique index makes a concurrent request
// with the same key wait here until this one ends.
func store[T any](ctx context.Context, client *ent.Client, kept memory, f first, work func(*ent.Client) (*T, error)) (*T, error) {
	var answer *T
	err := transaction.Run(ctx, client, func(client *ent.Client) error {
		id, err := kept.begin(ctx, client, f)
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
		if err := kept.finish(ctx, client, id, text); err != nil {
			return fmt.Errorf("store answer: %w", err)
		}
		return forget(ctx, client, kept)
	})
	return answer, err
}

// taken reports whether the key is there already, and not that another unique value is.
func taken(err error) bool {
	var violated *postgres.ConstraintError
	return errors.As(err, &violated) && violated.Kind == postgres.Unique &&
		(violated.Table == idempotencykey.Table || violated.Table == platformidempotencykey.Table)
}

// forget removes keys whose day is over.
func forget(ctx context.Context, client *ent.Client, kept memory) error {
	if err := kept.forget(ctx, client, time.Now().Add(-Lifetime)); err != nil {
		return fmt.Errorf("forget old idempotency keys: %w", err)
	}
	return nil
}

// replay returns the stored answer; found is false when the key is not there any more or its day is over.
func replay[T any](ctx context.Context, client *ent.Client, kept memory, f first) (answer *T, found bool, err error) {
	row, err := kept.find(ctx, client, f)
	if ent.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read idempotency key: %w", err)
	}
	if time.Since(row.since) > Lifetime {
		return nil, false, forget(ctx, client, kept)
	}
	if row.request != f.request {
		return nil, true, problem.Of(problem.IdempotencyKeyReused).
			AtHeader("Idempotency-Key", problem.RuleReused, "The key belongs to another request.")
	}
	journal.From(ctx).Replayed = true
	answer = new(T)
	if err := json.Unmarshal(row.answer, answer); err != nil {
		return nil, true, fmt.Errorf("read stored answer: %w", err)
	}
	return answer, true, nil
}

// scopeOf keeps the keys of different callers and operations apart.
func scopeOf(ctx context.Context, operation string) string {
	principal, ok := auth.From(ctx)
	switch {
	case !ok:
		return operation
	case principal.IsService():
		return operation + " service " + principal.Subject
	}
	return operation + " user " + principal.UserID.String()
}
