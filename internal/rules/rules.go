// Package rules holds what every entity obeys, as hooks and interceptors on Ent's client, where generated and custom
// operations alike pass through them. They are registered on the client and not in the schema's mixins, because a schema
// that imports the generated client could not be generated for the first time.
package rules

import (
	"github.com/lockstep-dev/lockstep/ent"
)

// Apply registers the rules on the client. tenantOwned names the Ent types behind the tenant fence.
func Apply(client *ent.Client, tenantOwned map[string]bool) {
	client.Intercept(filterByTenant(tenantOwned))
	client.Use(stampTenant(tenantOwned), countVersion, stampCreation)
	client.UserRole.Use(stampGrantor)
}
