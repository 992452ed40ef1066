// Package rules holds what every entity obeys, as hooks and interceptors on Ent's client, where generated and custom
// operations alike pass through them. They are registered on the client and not in the schema's mixins, because a schema
// that imports the generated client could not be generated for the first time.
package rules

import (
	"context"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/access"
)

// Facts are what the rules need to know of the schema.
type Facts struct {
	// TenantOwned names the Ent types behind the tenant fence.
	TenantOwned map[string]bool
	// Versioned and Timestamped name the Ent types with fields of the server's own for a row's version and times.
	Versioned, Timestamped map[string]bool
	// Permissions are all that a role can hold, besides auth.Every.
	Permissions []string
	// Relations are the columns that decide who reaches which rows, and People says which people a caller may read.
	Relations []access.Relation
	People    access.Rule
	// Trees are the references that lead from no row back to itself.
	Trees []Tree
	// Emails are the fields that hold an e-mail address, with their names in the contract, by Ent type.
	Emails map[string]map[string]string
	// Sets are the fields that hold each text once, by Ent type.
	Sets map[string][]string
}

// Apply registers the rules on the client. Hooks run in the order given: the tenant comes first.
func Apply(client *ent.Client, facts Facts) {
	client.Intercept(filterByTenant(facts.TenantOwned))
	client.Use(before(stampTenant(facts.TenantOwned), countVersion(facts.Versioned), stampCreation(facts.Timestamped), limitRelations(facts.Relations, facts.People), keepAcyclic(facts.Trees)), keepAdministrator)
	client.Tenant.Use(keepDeleted)
	client.Role.Use(limitRoles(facts.Permissions))
	client.UserRole.Use(stampGrantor, limitGrants)
	// Last, so that the other rules name the places of what the caller sent.
	client.Use(before(normalise(facts.Emails, facts.Sets)))
}

// rule looks at a mutation before it is carried out, and may complete it. Its error keeps that from happening.
type rule func(context.Context, ent.Mutation) error

// before is one hook for several rules: Ent makes a value of each hook for every mutation.
func before(rules ...rule) ent.Hook {
	return func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, mutation ent.Mutation) (ent.Value, error) {
			for _, rule := range rules {
				if err := rule(ctx, mutation); err != nil {
					return nil, err
				}
			}
			return next.Mutate(ctx, mutation)
		})
	}
}
