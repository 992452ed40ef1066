package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// Role is a named set of permissions.
type Role struct{ ent.Schema }

// Mixin of Role.
func (Role) Mixin() []ent.Mixin {
	return []ent.Mixin{TenantOwned{}, Versioned{}, Timestamps{}}
}

// Fields of Role.
func (Role) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(255).
			Annotations(contract.Example("Support agent{{n}}")).
			Comment("Name of the role, unique within the tenant."),
		field.Text("description").Optional().Nillable().
			Annotations(contract.Example("Corrects people's records.")).
			Comment("What the role is for."),
		field.Other("permissions", pq.StringArray{}).
			Annotations(contract.Example("users:read,users:update"), contract.Permissions()).
			SchemaType(map[string]string{dialect.Postgres: "text[]"}).
			Default(pq.StringArray{}).
			Comment("Permissions that holders of the role have, such as users:read; * is all of them, present and future."),
	}
}

// Edges of Role.
func (Role) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("user_roles", UserRole.Type).Immutable().
			Annotations(contract.Through("users", "user")).
			Comment("Users who hold this role."),
	}
}

// Indexes of Role.
func (Role) Indexes() []ent.Index {
	return []ent.Index{index.Fields("name").Unique()}
}

// Annotations of Role.
func (Role) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Named set of permissions."),
		contract.Sort("name"),
		contract.Filter("name"),
		contract.Search("name"),
		contract.InTransaction(),
		contract.Refuses("last_administrator", contract.Update, contract.Delete),
	}
}
