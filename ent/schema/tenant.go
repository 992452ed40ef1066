package schema

import (
	"regexp"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// Tenant is a customer organisation. It owns all rows that carry its id and is itself owned by none.
type Tenant struct{ ent.Schema }

// Mixin of Tenant.
func (Tenant) Mixin() []ent.Mixin {
	return []ent.Mixin{Identified{}, Versioned{}, Timestamps{}}
}

// Fields of Tenant.
func (Tenant) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(255).
			Annotations(contract.Example("Acme Tools")).
			Comment("Name of the organisation, as people write it."),
		field.String("slug").MinLen(2).MaxRuneLen(63).Match(regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)).Unique().
			Annotations(contract.Example("acme{{n}}")).
			Comment("Short unique name for URLs and logs: lower-case letters, digits and inner hyphens."),
		field.Enum("status").Values("active", "suspended").Default("active").
			Comment("A suspended tenant keeps its data and is refused every request."),
		field.Time("deleting_since").Optional().Nillable().
			Annotations(contract.ServerOwned()).
			Comment("Since when the tenant is being deleted: it is refused every request, and its rows go. Null for all others."),
	}
}

// Indexes of Tenant.
func (Tenant) Indexes() []ent.Index { return []ent.Index{index.Fields("deleting_since")} }

// Annotations of Tenant: its users may read their own tenant, all else is the platform's.
func (Tenant) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Customer organisation that owns users, roles and all other rows."),
		contract.PlatformOnly(contract.List, contract.Update),
		// A tenant is made with its roles and its first administrator, and deleted with all that is its own:
		// openapi/custom/tenants.json, internal/api/tenant.go.
		contract.Without(contract.Create, contract.Delete),
	}
}
