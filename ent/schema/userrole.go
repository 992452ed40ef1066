package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// UserRole grants a role to a user. It is the join entity between the two.
type UserRole struct{ ent.Schema }

// Mixin of UserRole.
func (UserRole) Mixin() []ent.Mixin {
	return []ent.Mixin{TenantOwned{}, Versioned{}, Timestamps{}}
}

// Fields of UserRole.
func (UserRole) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("user_id", uuid.UUID{}).Immutable().
			Comment("User who holds the role."),
		field.UUID("role_id", uuid.UUID{}).Immutable().
			Comment("Role that is granted."),
		field.Time("granted_at").Default(contract.Now).Immutable().
			Annotations(contract.ServerOwned()).
			Comment("When the role was granted."),
		field.UUID("granted_by_id", uuid.UUID{}).Optional().Nillable().Immutable().
			Annotations(contract.ServerOwned()).
			Comment("User who granted the role; null when a service did."),
	}
}

// Edges of UserRole.
func (UserRole) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("user_roles").Unique().Required().Immutable().Field("user_id").
			Comment("User who holds the role."),
		edge.From("role", Role.Type).Ref("user_roles").Unique().Required().Immutable().Field("role_id").
			Comment("Role that is granted."),
		edge.To("granted_by", User.Type).Unique().Immutable().Field("granted_by_id").
			Comment("User who granted the role."),
	}
}

// Indexes of UserRole: a user holds a role once.
func (UserRole) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "role_id").Unique()}
}

// Annotations of UserRole.
func (UserRole) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Grant of a role to a user."),
		contract.Filter("user_id", "role_id"),
		contract.Allow(contract.Read, contract.Self("user_id"), contract.ManagerOf("user_id")),
		contract.InTransaction(),
		contract.Refuses("last_administrator", contract.Delete),
	}
}
