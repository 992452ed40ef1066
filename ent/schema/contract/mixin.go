package contract

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
)

// Identified gives an entity its id: a UUIDv7 (RFC 9562), so that ids sort by creation time.
type Identified struct{ mixin.Schema }

// Fields of every entity with an id.
func (Identified) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Default(newID).Immutable().
			Comment("Identifier, a UUIDv7: ids sort by creation time."),
	}
}

// Annotations of every entity: it lives in the Postgres schema core.
func (Identified) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Schema("core"), entsql.WithComments(true)}
}

// TenantOwned marks an entity whose rows each belong to one tenant. From it follow the tenant-first keys, the row-level
// security policy, the stamp on create and the filter on every query.
type TenantOwned struct{ Identified }

// Fields of a tenant-owned entity.
func (TenantOwned) Fields() []ent.Field {
	return append(Identified{}.Fields(),
		field.UUID("tenant_id", uuid.UUID{}).Immutable().
			Annotations(ServerOwned()).
			Comment("Tenant that owns this row."),
	)
}

// Timestamps records when a row was created and last changed, to the microsecond, which is what Postgres keeps.
type Timestamps struct{ mixin.Schema }

// Fields of an entity with timestamps.
func (Timestamps) Fields() []ent.Field {
	return []ent.Field{
		field.Time("created_at").Default(Now).Immutable().
			Annotations(ServerOwned()).
			Comment("When the row was created."),
		field.Time("updated_at").Default(Now).UpdateDefault(Now).
			Annotations(ServerOwned()).
			Comment("When the row was last changed."),
	}
}

// Versioned counts a row's changes; the count is its ETag.
type Versioned struct{ mixin.Schema }

// Fields of a versioned entity.
func (Versioned) Fields() []ent.Field {
	return []ent.Field{
		field.Int("version").Default(1).
			Annotations(ServerOwned()).
			Comment("Number of the row's current version; each change adds one."),
	}
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Now is the time to the microsecond, which is what Postgres keeps: the default of a time that the server sets.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
