package idempotency

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/idempotencykey"
	"github.com/lockstep-dev/lockstep/ent/platformidempotencykey"
)

// memory is where keys and answers are kept.
type memory interface {
	// begin stores the key without an answer.
	begin(ctx context.Context, client *ent.Client, f first) (uuid.UUID, error)
	// finish stores the answer.
	finish(ctx context.Context, client *ent.Client, id uuid.UUID, answer []byte) error
	// find returns what is stored for the key; an ent.NotFoundError when there is nothing.
	find(ctx context.Context, client *ent.Client, f first) (remembered, error)
	// forget removes keys from before.
	forget(ctx context.Context, client *ent.Client, before time.Time) error
}

// remembered is a request that has been answered.
type remembered struct {
	request string
	answer  []byte
	since   time.Time
}

// ofTenant keeps the keys of one tenant behind its fence.
type ofTenant struct{}

func (ofTenant) begin(ctx context.Context, client *ent.Client, f first) (uuid.UUID, error) {
	row, err := client.IdempotencyKey.Create().SetScope(f.scope).SetKey(f.key).SetRequest(f.request).Save(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	return row.ID, nil
}

func (ofTenant) finish(ctx context.Context, client *ent.Client, id uuid.UUID, answer []byte) error {
	return client.IdempotencyKey.Update().Where(idempotencykey.ID(id)).SetAnswer(answer).Exec(ctx)
}

func (ofTenant) find(ctx context.Context, client *ent.Client, f first) (remembered, error) {
	row, err := client.IdempotencyKey.Query().Where(idempotencykey.Scope(f.scope), idempotencykey.Key(f.key)).Only(ctx)
	if err != nil {
		return remembered{}, err
	}
	return remembered{row.Request, row.Answer, row.CreatedAt}, nil
}

func (ofTenant) forget(ctx context.Context, client *ent.Client, before time.Time) error {
	_, err := client.IdempotencyKey.Delete().Where(idempotencykey.CreatedAtLT(before)).Exec(ctx)
	return err
}

// ofPlatform keeps the keys of requests that belong to no tenant.
type ofPlatform struct{}

func (ofPlatform) begin(ctx context.Context, client *ent.Client, f first) (uuid.UUID, error) {
	row, err := client.PlatformIdempotencyKey.Create().SetScope(f.scope).SetKey(f.key).SetRequest(f.request).Save(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	return row.ID, nil
}

func (ofPlatform) finish(ctx context.Context, client *ent.Client, id uuid.UUID, answer []byte) error {
	return client.PlatformIdempotencyKey.Update().Where(platformidempotencykey.ID(id)).SetAnswer(answer).Exec(ctx)
}

func (ofPlatform) find(ctx context.Context, client *ent.Client, f first) (remembered, error) {
	row, err := client.PlatformIdempotencyKey.Query().Where(platformidempotencykey.Scope(f.scope), platformidempotencykey.Key(f.key)).Only(ctx)
	if err != nil {
		return remembered{}, err
	}
	return remembered{row.Request, row.Answer, row.CreatedAt}, nil
}

func (ofPlatform) forget(ctx context.Context, client *ent.Client, before time.Time) error {
	_, err := client.PlatformIdempotencyKey.Delete().Where(platformidempotencykey.CreatedAtLT(before)).Exec(ctx)
	return err
}
