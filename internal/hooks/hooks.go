// Package hooks holds what every entity obeys, as hooks and interceptors on Ent's client, where generated and custom
// operations alike pass through them. They are registered on the client and not in the schema's mixins, because a schema
// that imports the generated client could not be generated for the first time. The generated client is a type parameter here:
// what needs its methods is passed in.
package hooks

import (
	"context"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authz"
)

// Client is what a generated client of any schema can do.
type Client interface {
	Use(hooks ...ent.Hook)
	Intercept(interceptors ...ent.Interceptor)
}

// Facts are what the hooks need to know of the schema. C is the generated client.
type Facts[C Client] struct {
	// Query returns a query of any type as what the tenant's filter needs of it.
	Query func(ent.Query) (Query, error)
	// TenantOwned names the Ent types behind the tenant fence.
	TenantOwned map[string]bool
	// LockTenant locks the tenant's row until the end of the transaction. Required where a tree's rows belong to tenants.
	LockTenant func(ctx context.Context, client C, id uuid.UUID) error
	// Versioned and Timestamped name the Ent types with fields of the server's own for a row's version and times.
	Versioned, Timestamped map[string]bool
	// Relations are the columns that decide who reaches which rows, and People are whom they name. Without relations there need
	// be none.
	Relations []authz.Relation
	People    People[C]
	// Trees are the references that lead from no row back to itself.
	Trees []Tree[C]
	// Emails are the fields that hold an e-mail address, with their names in the contract, by Ent type.
	Emails map[string]map[string]string
	// Sets are the fields that hold each text once, by Ent type.
	Sets map[string][]string
}

// People are the rows among which is decided who is below whom.
type People[C Client] struct {
	// Read says which of them a caller may read.
	Read authz.Rule
	// Line is where the database keeps them.
	Line authz.Line
	// IDs are those of the people who meet the condition.
	IDs func(ctx context.Context, client C, where func(*sql.Selector)) ([]uuid.UUID, error)
}

// Apply registers the hooks on the client. Hooks run in the order they are registered in: the tenant comes first. Then comes
// what own registers. What brings values into their stored form is last, so that refusals name the places of what the caller
// sent.
func Apply[C Client](client C, facts Facts[C], own func()) {
	client.Intercept(filterByTenant(facts.Query, facts.TenantOwned))
	client.Use(before(stampTenant(facts.TenantOwned), countVersion(facts.Versioned), stampCreation(facts.Timestamped),
		limitRelations(facts.Relations, facts.People), keepAcyclic(facts.Trees, facts.LockTenant)))
	own()
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

// rowsMutation is what the generated mutations of all types can do. C is the generated client.
type rowsMutation[C Client] interface {
	// Client is the one that the mutation runs on, in its transaction.
	Client() C
	// ID is that of a new row, or of the one row to change; it may not be set.
	ID() (uuid.UUID, bool)
	// IDs are those of the rows to change.
	IDs(ctx context.Context) ([]uuid.UUID, error)
}
