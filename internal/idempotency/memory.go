package idempotency

import (
	"context"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/idempotencykey"
	"github.com/lockstep-dev/lockstep/ent/platformidempotencykey"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// memory is where keys and answers are kept.
type memory interface {
	// begin stores the key without an answer, under each of its scopes.
	begin(ctx context.Context, client *ent.Client, f first) ([]uuid.UUID, error)
	// finish stores the answer.
	finish(ctx context.Context, client *ent.Client, ids []uuid.UUID, answer []byte) error
	// find returns what is stored for the key, under any of its scopes.
	find(ctx context.Context, client *ent.Client, f first) ([]remembered, error)
	// remove removes the key if it is from before, unless somebody holds it: it waits for nobody.
	remove(ctx context.Context, client *ent.Client, f first, before time.Time) error
}

// remembered is a request that has been answered.
type remembered struct {
	scope   string
	request string
	answer  []byte // nil: what it tells of has been deleted
	since   time.Time
}

// ofTenant keeps the keys of one tenant behind its fence.
type ofTenant struct{}

func (ofTenant) begin(ctx context.Context, client *ent.Client, f first) ([]uuid.UUID, error) {
	if len(f.scopes) == 1 { // of a user, as most are: a single row's INSERT is written once
		row, err := client.IdempotencyKey.Create().SetScope(f.scopes[0]).SetKey(f.key).SetRequest(f.request).Save(ctx)
		if err != nil {
			return nil, err
		}
		return []uuid.UUID{row.ID}, nil
	}
	rows, err := client.IdempotencyKey.MapCreateBulk(f.scopes, func(c *ent.IdempotencyKeyCreate, i int) {
		c.SetScope(f.scopes[i]).SetKey(f.key).SetRequest(f.request)
	}).Save(ctx)
	return ids(rows, func(row *ent.IdempotencyKey) uuid.UUID { return row.ID }), err
}

func (ofTenant) finish(ctx context.Context, client *ent.Client, ids []uuid.UUID, answer []byte) error {
	return client.IdempotencyKey.Update().Where(idempotencykey.IDIn(ids...)).SetAnswer(answer).Exec(ctx)
}

func (ofTenant) find(ctx context.Context, client *ent.Client, f first) ([]remembered, error) {
	rows, err := client.IdempotencyKey.Query().Where(idempotencykey.ScopeIn(f.scopes...), idempotencykey.Key(f.key)).All(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]remembered, len(rows))
	for i, row := range rows {
		found[i] = remembered{row.Scope, row.Request, row.Answer, row.CreatedAt}
	}
	return found, nil
}

func (ofTenant) remove(ctx context.Context, client *ent.Client, f first, before time.Time) error {
	scope, _ := postgres.ScopeFrom(ctx)
	_, err := client.IdempotencyKey.Delete().
		Where(free(idempotencykey.ScopeIn(f.scopes...), idempotencykey.Key(f.key), idempotencykey.CreatedAtLT(before), idempotencykey.TenantID(scope.TenantID))).Exec(ctx)
	return err
}

// ofPlatform keeps the keys of requests that belong to no tenant.
type ofPlatform struct{}

func (ofPlatform) begin(ctx context.Context, client *ent.Client, f first) ([]uuid.UUID, error) {
	rows, err := client.PlatformIdempotencyKey.MapCreateBulk(f.scopes, func(c *ent.PlatformIdempotencyKeyCreate, i int) {
		c.SetScope(f.scopes[i]).SetKey(f.key).SetRequest(f.request)
	}).Save(ctx)
	return ids(rows, func(row *ent.PlatformIdempotencyKey) uuid.UUID { return row.ID }), err
}

func (ofPlatform) finish(ctx context.Context, client *ent.Client, ids []uuid.UUID, answer []byte) error {
	return client.PlatformIdempotencyKey.Update().Where(platformidempotencykey.IDIn(ids...)).SetAnswer(answer).Exec(ctx)
}

func (ofPlatform) find(ctx context.Context, client *ent.Client, f first) ([]remembered, error) {
	rows, err := client.PlatformIdempotencyKey.Query().
		Where(platformidempotencykey.ScopeIn(f.scopes...), platformidempotencykey.Key(f.key)).All(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]remembered, len(rows))
	for i, row := range rows {
		found[i] = remembered{row.Scope, row.Request, row.Answer, row.CreatedAt}
	}
	return found, nil
}

func (ofPlatform) remove(ctx context.Context, client *ent.Client, f first, before time.Time) error {
	_, err := client.PlatformIdempotencyKey.Delete().
		Where(free(platformidempotencykey.ScopeIn(f.scopes...), platformidempotencykey.Key(f.key), platformidempotencykey.CreatedAtLT(before))).Exec(ctx)
	return err
}

// free keeps the rows where the conditions hold and that nobody has locked. A statement that changes them waits for nobody.
func free[P ~func(*sql.Selector)](where ...P) P {
	return func(s *sql.Selector) {
		rows := sql.Dialect(dialect.Postgres).Select().From(sql.Table(s.TableName()).Schema("core"))
		rows.Select(rows.C(idempotencykey.FieldID)).ForUpdate(sql.WithLockAction(sql.SkipLocked))
		for _, condition := range where {
			condition(rows)
		}
		s.Where(sql.In(s.C(idempotencykey.FieldID), rows))
	}
}

func ids[T any](rows []*T, id func(*T) uuid.UUID) []uuid.UUID {
	out := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		out[i] = id(row)
	}
	return out
}
