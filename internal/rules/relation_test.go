package rules_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestVeryManyChangeTheirManager clears the manager of more people in one change than a statement of Postgres can have parameters
// (65,535), by their boss, who sees only those below: the rule reads whom the rows name. Each row was a parameter.
func TestVeryManyChangeTheirManager(t *testing.T) {
	t.Parallel()
	const many = 70_000
	w := newWorld(t)
	if _, err := w.owner.Exec(t.Context(), `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, created_at, updated_at)
		SELECT $1, gen_random_uuid(), 'many' || i, 'Many', $2, now(), now() FROM generate_series(1, $3::int) i`, w.ours.tenant, w.ours.report, many); err != nil {
		t.Fatal(err)
	}
	if _, err := w.owner.Exec(t.Context(), `ANALYZE core.users`); err != nil {
		t.Fatal(err)
	}
	ctx := pg.WithScope(t.Context(), pg.Scope{TenantID: w.ours.tenant})
	ctx = authn.With(ctx, &authn.Principal{TenantID: w.ours.tenant, UserID: w.ours.boss})
	changed, err := w.ruled.User.Update().Where(user.ManagerID(w.ours.report)).ClearManagerID().Save(ctx)
	if err != nil || changed != many {
		t.Fatalf("got %d rows changed and %v, want %d", changed, err, many)
	}
	// And with the rule: whom the boss does not see he takes from nobody.
	if _, err := w.owner.Exec(t.Context(), `UPDATE core.users SET manager_id = $2 WHERE tenant_id = $1 AND display_name = 'Many'`, w.ours.tenant, w.ours.report); err != nil {
		t.Fatal(err)
	}
	stranger := authn.With(ctx, &authn.Principal{TenantID: w.ours.tenant, UserID: uuid.Must(uuid.NewV7())})
	if changed, err := w.ruled.User.Update().Where(user.ManagerID(w.ours.report)).ClearManagerID().Save(stranger); err == nil {
		t.Errorf("got %d rows changed by somebody who sees none of them, want an error", changed)
	}
}
