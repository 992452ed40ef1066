package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// IdempotencyLifetime is how long an Idempotency-Key is remembered.
const IdempotencyLifetime = 24 * time.Hour

// IdempotencyKey remembers what a request with an Idempotency-Key was answered, so that a repetition gets the same answer
// and does nothing. It is the server's own and no part of the API.
type IdempotencyKey struct{ ent.Schema }

// Mixin of IdempotencyKey.
func (IdempotencyKey) Mixin() []ent.Mixin { return []ent.Mixin{TenantOwned{}, rememberedRequest{}} }

// Indexes of IdempotencyKey.
func (IdempotencyKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("scope", "key").Unique(), index.Fields("created_at")}
}

// Annotations of IdempotencyKey.
func (IdempotencyKey) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Answers to requests with an Idempotency-Key."),
		contract.Internal(),
		contract.Expires("created_at", IdempotencyLifetime),
	}
}

// PlatformIdempotencyKey is the same for requests of the platform, which belong to no tenant. By its name, no tenant's session
// sees a row of it.
type PlatformIdempotencyKey struct{ ent.Schema }

// Mixin of PlatformIdempotencyKey.
func (PlatformIdempotencyKey) Mixin() []ent.Mixin {
	return []ent.Mixin{Identified{}, rememberedRequest{}}
}

// Indexes of PlatformIdempotencyKey.
func (PlatformIdempotencyKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("scope", "key").Unique(), index.Fields("created_at")}
}

// Annotations of PlatformIdempotencyKey.
func (PlatformIdempotencyKey) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Answers to the platform's requests with an Idempotency-Key."),
		contract.Internal(),
		contract.Expires("created_at", IdempotencyLifetime),
	}
}

// rememberedRequest is what is kept of a request with an Idempotency-Key.
type rememberedRequest struct{ mixin.Schema }

// Fields of a remembered request.
func (rememberedRequest) Fields() []ent.Field {
	return []ent.Field{
		field.String("scope").MaxLen(400).Immutable().
			Comment("Operation and caller: keys of different callers do not meet."),
		field.String("key").MaxLen(255).Immutable().
			Comment("The key, as the caller chose it."),
		field.String("request").MaxLen(64).Immutable().
			Comment("SHA-256 of the request's body, in hexadecimal."),
		field.Bytes("answer").Optional().
			Comment("The answer as JSON; null when what it tells of has been deleted."),
		field.Time("created_at").Default(contract.Now).Immutable().
			Comment("When the key was first used; it is forgotten a day later."),
	}
}
