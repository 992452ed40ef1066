package retention

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Owned is a table of tenants' rows.
type Owned struct {
	// Table is its name in the schema core, Name that in the contract.
	Table, Name string
	// Clear are the references to its rows that stand in the way, because they lead in a circle: a user's to the manager.
	Clear []Reference
}

// Reference is a column that refers to another row of the tenant and may be null.
type Reference struct{ Table, Column string }

// Deletion is what deleting a tenant did.
type Deletion struct {
	// Rows is how many rows were deleted, by the tables' names in the contract.
	Rows map[string]int
	// Complete says that nothing is left of the tenant.
	Complete bool
}

// rounds is how often rows that appear meanwhile are looked for: those of requests that were under way when the tenant was shut.
const rounds = 20

// errLeft says that the tenant has got new rows each time.
var errLeft = errors.New("retention: the tenant keeps getting rows")

// deleteTenants finishes the tenants that are being deleted, the oldest first.
func (w *Worker) deleteTenants(ctx context.Context, held *task) error {
	ids, err := w.ids(platform(ctx), `SELECT id FROM core.tenants WHERE deleting_since IS NOT NULL ORDER BY deleting_since`)
	if err != nil {
		return err
	}
	var failures []error
	for _, id := range ids {
		done, err := w.delete(ctx, held, id, math.MaxInt)
		if errors.Is(err, errLost) || ctx.Err() != nil {
			return err
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("delete tenant %s: %w", id, err))
			continue
		}
		w.report(ctx, id, done)
	}
	return errors.Join(failures...)
}

// DeleteTenant deletes rows of a tenant that is being deleted, about as many as the limit says, and the tenant itself when there are
// no others. It may be called again, by any process, also after it failed in the middle, or ctx ended: the Deletion says what was
// done until then. What it leaves, Run deletes. The tenant has to be shut before: its column deleting_since is not null.
func (w *Worker) DeleteTenant(ctx context.Context, id uuid.UUID, limit int) (Deletion, error) {
	done, err := w.delete(ctx, nil, id, limit)
	if err == nil && done.Complete {
		w.report(ctx, id, done)
	}
	if !done.Complete {
		w.Wake()
	}
	return done, err
}

// report says what became of a tenant, which nothing else does afterwards.
func (w *Worker) report(ctx context.Context, id uuid.UUID, done Deletion) {
	args := []any{"tenantId", id.String()}
	for _, name := range slices.Sorted(maps.Keys(done.Rows)) {
		args = append(args, name, done.Rows[name])
	}
	w.options.Logger.InfoContext(ctx, "tenant deleted", args...)
}

func (w *Worker) delete(ctx context.Context, held *task, id uuid.UUID, limit int) (Deletion, error) {
	d := &deletion{worker: w, held: held, tenant: id, left: limit, done: Deletion{Rows: map[string]int{}}}
	// The platform's, because the tenant's own row is; and inside the tenant, as all the others are.
	inside := pg.WithScope(ctx, pg.Scope{TenantID: id, Platform: true})
	err := d.run(inside)
	return d.done, err
}

// deletion is one attempt to delete a tenant.
type deletion struct {
	worker *Worker
	held   *task
	tenant uuid.UUID
	left   int // of the limit
	done   Deletion
}

func (d *deletion) run(ctx context.Context) error {
	for round := range rounds {
		err := d.round(ctx, round > 0)
		switch {
		case errors.Is(err, errEnough):
			return nil
		case err == nil && d.done.Complete:
			return nil
		case err != nil && !passing(err):
			return err
		}
	}
	return errLeft
}

// errEnough says that the limit is reached.
var errEnough = errors.New("retention: enough for this time")

// passing reports whether an error comes from a row that appeared, or was locked, meanwhile.
func passing(err error) bool {
	return refers(err) || errors.Is(err, pg.ErrSerialization)
}

// refers reports whether rows could not be deleted because others refer to them.
func refers(err error) bool {
	var violated *pg.ConstraintError
	return errors.As(err, &violated) && violated.Kind == pg.ForeignKey
}

// round deletes what there is, children first, and then the tenant. It waits for rows that others hold only when asked to: the
// first time, those who hold them are left to finish.
func (d *deletion) round(ctx context.Context, wait bool) error {
	for _, table := range d.worker.options.OfTenants {
		err := d.empty(ctx, table, wait)
		if refers(err) && len(table.Clear) > 0 {
			for _, reference := range table.Clear {
				if err := d.clear(ctx, reference); err != nil {
					return err
				}
			}
			err = d.empty(ctx, table, wait)
		}
		if err != nil {
			return fmt.Errorf("delete rows of %s: %w", table.Table, err)
		}
	}
	if d.left <= 0 {
		return errEnough
	}
	if erase := d.worker.options.Erase; erase != nil {
		if err := erase(ctx, d.tenant); err != nil {
			return err
		}
	}
	var rows sql.Rows
	err := d.worker.options.Driver.Query(ctx, `DELETE FROM core.tenants WHERE id = $1 AND deleting_since IS NOT NULL RETURNING id`, []any{d.tenant}, &rows)
	if err != nil {
		return fmt.Errorf("delete the tenant: %w", err)
	}
	gone := rows.Next()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("delete the tenant: %w", err)
	}
	d.done.Complete = true // if there was none, somebody else has deleted it
	if gone {
		d.done.Rows["tenants"]++
	}
	return nil
}

// empty deletes the tenant's rows of a table, the newest first: rows are older than those that refer to them, as a rule.
func (d *deletion) empty(ctx context.Context, table Owned, wait bool) error {
	lock := "FOR UPDATE SKIP LOCKED"
	if wait {
		lock = "FOR UPDATE"
	}
	query := fmt.Sprintf(`WITH batch AS MATERIALIZED (SELECT id FROM core.%[1]q WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT %[2]d %[3]s),
gone AS (DELETE FROM core.%[1]q WHERE tenant_id = $1 AND id IN (SELECT id FROM batch) RETURNING id)
SELECT (SELECT count(*) FROM gone), coalesce((SELECT id FROM batch ORDER BY id LIMIT 1), $2)`, table.Table, Batch, lock)
	return d.batches(ctx, query, func(n int) {
		d.done.Rows[table.Name] += n
		d.worker.removed(table.Table, n)
	})
}

// clear sets a reference of the tenant's rows to null.
func (d *deletion) clear(ctx context.Context, r Reference) error {
	query := fmt.Sprintf(`WITH batch AS MATERIALIZED (SELECT id FROM core.%[1]q WHERE tenant_id = $1 AND id < $2 AND %[2]q IS NOT NULL
 ORDER BY id DESC LIMIT %[3]d FOR NO KEY UPDATE),
cleared AS (UPDATE core.%[1]q SET %[2]q = NULL WHERE tenant_id = $1 AND id IN (SELECT id FROM batch) RETURNING id)
SELECT (SELECT count(*) FROM cleared), coalesce((SELECT id FROM batch ORDER BY id LIMIT 1), $2)`, r.Table, r.Column, Batch)
	if err := d.batches(ctx, query, func(int) {}); err != nil {
		return fmt.Errorf("clear %s of %s: %w", r.Column, r.Table, err)
	}
	return nil
}

// batches runs a statement that takes a batch of rows below an id, and returns how many there were and the least id of them,
// until there are none. Each is a transaction of its own.
func (d *deletion) batches(ctx context.Context, query string, took func(int)) (err error) {
	for below := uuid.Max; ; {
		if d.left <= 0 {
			return errEnough
		}
		if err := d.held.keep(ctx); err != nil {
			return err
		}
		var rows sql.Rows
		if err := d.worker.options.Driver.Query(ctx, query, []any{d.tenant, below}, &rows); err != nil {
			return err
		}
		var n int
		next := below
		if rows.Next() {
			err = rows.Scan(&n, &next)
		}
		if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return err
		}
		d.left -= n
		took(n)
		if next == below {
			return nil
		}
		below = next
	}
}
