package crud

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/idempotency"
)

// TestKeysLiveAsLongAsTheirRows takes the lifetimes of idempotency keys from the tables that hold them, and refuses a schema
// without one: every keyed POST would fail.
func TestKeysLiveAsLongAsTheirRows(t *testing.T) {
	t.Parallel()
	tenants := model.Expiring{Table: "idempotency_keys", Column: "created_at", After: time.Hour, TenantOwned: true}
	platform := model.Expiring{Table: "platform_idempotency_keys", Column: "created_at", After: time.Minute}
	got, err := keyLifetimes([]model.Expiring{platform, tenants})
	if want := (idempotency.Lifetimes{Tenant: time.Hour, Platform: time.Minute}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	shared := tenants
	shared.TenantOwned = false
	for want, expiring := range map[string][]model.Expiring{
		"entity IdempotencyKey: ":         {platform, shared},
		"entity PlatformIdempotencyKey: ": {tenants},
	} {
		if _, err := keyLifetimes(expiring); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want an error that begins with %s", err, want)
		}
	}
}
