package rules_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/hooks"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/transaction"
)

// managers is the tree that a user's manager would be with contract.Acyclic.
func managers(tenantOwned bool) hooks.Tree[*ent.Client] {
	return hooks.Tree[*ent.Client]{
		Type: "User", Field: user.FieldManagerID, Children: "managed_users", Pointer: "/managerId", Table: user.Table, Column: user.FieldManagerID, TenantOwned: tenantOwned,
		IDs: func(ctx context.Context, client *ent.Client, where func(*sql.Selector)) ([]uuid.UUID, error) {
			return client.User.Query().Where(where).IDs(ctx)
		},
	}
}

func refusedAsCircular(err error) bool {
	var p *problem.Error
	return errors.As(err, &p) && p.Code == problem.ValidationFailed && len(p.Violations) == 1 && p.Violations[0].Pointer == "/managerId" && p.Violations[0].Rule == problem.RuleCircular
}

// move makes somebody the manager of somebody, in a transaction of its own; before commit it waits for the signal.
func move(ctx context.Context, client *ent.Client, who, below uuid.UUID, moved chan<- struct{}, commit <-chan struct{}) error {
	return transaction.Run(ctx, client, func(client *ent.Client) error {
		if err := client.User.Update().Where(user.ID(who)).SetManagerID(below).Exec(ctx); err != nil {
			return err
		}
		close(moved)
		<-commit
		return nil
	})
}

// TestTwoMovesCannotFormACircle makes each of two people the manager of the other, at once: the second waits for the first, and
// is refused. A tree of a tenant goes by the tenant's row, one of no tenant by its own.
func TestTwoMovesCannotFormACircle(t *testing.T) {
	t.Parallel()
	for _, tenantOwned := range []bool{true, false} {
		t.Run(fmt.Sprintf("tenant-owned %t", tenantOwned), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			client := w.with(hooks.Facts[*ent.Client]{Query: crud.Facts.Query, TenantOwned: crud.TenantOwned, Trees: []hooks.Tree[*ent.Client]{managers(tenantOwned)}})
			ctx := w.in(t, w.ours)
			if err := client.User.Update().Where(user.ID(w.ours.report)).ClearManagerID().Exec(ctx); err != nil {
				t.Fatal(err)
			}
			first, second := make(chan error, 1), make(chan error, 1)
			moved, commit, at, once := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
			close(once)
			go func() { first <- move(ctx, client, w.ours.report, w.ours.boss, moved, commit) }()
			<-moved
			go func() { second <- move(ctx, client, w.ours.boss, w.ours.report, at, once) }()
			for waiting := false; !waiting; {
				select {
				case err := <-second:
					t.Fatalf("got %v from the second move while the first is not committed, want it to wait", err)
				default:
				}
				if err := w.owner.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database())`).Scan(&waiting); err != nil {
					t.Fatal(err)
				}
			}
			close(commit)
			if err := <-first; err != nil {
				t.Errorf("got %v from the first move", err)
			}
			if err := <-second; !refusedAsCircular(err) {
				t.Errorf("got %v from the second move, want a refusal at /managerId", err)
			}
		})
	}
}

func TestNoRowComesToLieBelowItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.with(hooks.Facts[*ent.Client]{Query: crud.Facts.Query, TenantOwned: crud.TenantOwned, Trees: []hooks.Tree[*ent.Client]{managers(true)}})
	ctx, boss, report := w.in(t, w.ours), w.ours.boss, w.ours.report
	run := func(work func(*ent.Client) error) error { return transaction.Run(ctx, client, work) }
	third := uuid.Must(uuid.NewV7())
	create := func(id, below uuid.UUID) error {
		return client.User.Create().SetID(id).SetEmail(id.String()).SetDisplayName("Third").SetManagerID(below).Exec(ctx)
	}
	if err := create(third, report); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"itself, when it is made":    create(uuid.MustParse("00000000-0000-7000-8000-000000000001"), uuid.MustParse("00000000-0000-7000-8000-000000000001")),
		"itself":                     run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(boss)).SetManagerID(boss).Exec(ctx) }),
		"itself, by id":              run(func(c *ent.Client) error { return c.User.UpdateOneID(boss).SetManagerID(boss).Exec(ctx) }),
		"the row below":              run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(boss)).SetManagerID(report).Exec(ctx) }),
		"two below":                  run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(boss)).SetManagerID(third).Exec(ctx) }),
		"two below, with many moved": run(func(c *ent.Client) error { return c.User.Update().SetManagerID(third).Exec(ctx) }),
	} {
		if !refusedAsCircular(err) {
			t.Errorf("below %s: got %v, want a refusal", name, err)
		}
	}
	for name, err := range map[string]error{
		"up":      run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(third)).SetManagerID(boss).Exec(ctx) }),
		"nowhere": run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(third)).ClearManagerID().Exec(ctx) }),
		"no row": run(func(c *ent.Client) error {
			return c.User.Update().Where(user.ID(uuid.New())).SetManagerID(third).Exec(ctx)
		}),
		"sideways": run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(report)).SetManagerID(third).Exec(ctx) }),
	} {
		if err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// What the rule cannot see it does not let pass.
	if err := client.User.Update().Where(user.ID(boss)).SetManagerID(third).Exec(ctx); err == nil || refusedAsCircular(err) {
		t.Errorf("got %v outside a transaction, want an error that asks for one", err)
	}
	if err := run(func(c *ent.Client) error { return c.User.UpdateOneID(boss).AddManagedUserIDs(third).Exec(ctx) }); err == nil || refusedAsCircular(err) {
		t.Errorf("got %v for a move by the edge from above, want an error that names the field", err)
	}
	// Rows that are in a circle already end no walk, and can be moved out of it.
	if _, err := w.owner.Exec(t.Context(), `UPDATE core.users SET manager_id = CASE id WHEN $1 THEN $2 ELSE $1 END WHERE id IN ($1, $2)`, boss, report); err != nil {
		t.Fatal(err)
	}
	if err := run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(third)).SetManagerID(boss).Exec(ctx) }); err != nil {
		t.Errorf("got %v for a row that comes below a circle", err)
	}
	if err := run(func(c *ent.Client) error { return c.User.Update().Where(user.ID(boss)).ClearManagerID().Exec(ctx) }); err != nil {
		t.Errorf("got %v for a row that leaves a circle", err)
	}
}
