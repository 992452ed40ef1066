// Package schema is the source: the entities from which database, contract, operations and SDK are made.
package schema

import "github.com/lockstep-dev/lockstep/ent/schema/contract"

// Mixins that entities embed by these names.
type (
	// Identified gives an entity its id.
	Identified = contract.Identified
	// TenantOwned marks an entity whose rows each belong to one tenant.
	TenantOwned = contract.TenantOwned
	// Timestamps records when a row was created and last changed.
	Timestamps = contract.Timestamps
	// Versioned counts a row's changes; the count is its ETag.
	Versioned = contract.Versioned
)
