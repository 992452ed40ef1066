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

// User is a person who works inside one tenant.
type User struct{ ent.Schema }

// Mixin of User.
func (User) Mixin() []ent.Mixin {
	return []ent.Mixin{TenantOwned{}, Versioned{}, Timestamps{}}
}

// Fields of User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("email").NotEmpty().MaxRuneLen(255).
			Annotations(contract.Email(), contract.Example("ingrid.halvorsen{{n}}@acme.example")).
			Annotations(contract.VisibleWith("users:read_pii", "id")).
			Comment("E-mail address, unique within the tenant whatever its case; it is stored in lower case."),
		field.String("display_name").NotEmpty().MaxRuneLen(255).
			Annotations(contract.Example("Ingrid Halvorsen")).
			Comment("Name shown to other people."),
		field.Enum("status").Values("active", "inactive").Default("active").
			Comment("An inactive user keeps its data and cannot sign in."),
		field.UUID("manager_id", uuid.UUID{}).Optional().Nillable().
			Comment("User who manages this one."),
	}
}

// Edges of User.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("managed_users", User.Type).
			Comment("Users whose manager is this user.").
			From("manager").Unique().Field("manager_id").
			Comment("User who manages this one."),
		edge.To("user_roles", UserRole.Type).Immutable().
			Annotations(contract.Through("roles", "role")).
			Comment("Roles granted to this user."),
	}
}

// Indexes of User.
func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("email").Unique(),
		index.Fields("display_name", "id"),
		index.Fields("created_at", "id"),
		index.Fields("status", "id"),
		index.Fields("manager_id", "id"), // walked downward by contract.ManagerOf, without a look at the rows
	}
}

// Annotations of User.
func (User) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Person who works inside one tenant."),
		contract.Sort("display_name", "created_at"),
		contract.Filter("status", "manager_id", "created_at"),
		contract.Search("display_name", "email"),
		contract.Detail("UserWithRoles", "roles", "managed_users"),
		contract.Allow(contract.Read, contract.Self("id"), contract.ManagerOf("id")),
		contract.Refuses("last_administrator", contract.Update, contract.Delete),
	}
}
