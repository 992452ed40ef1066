package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

const (
	// turn is the most batches of one tenant before others have theirs.
	turn = 10
	// page is how many tenants are read at once.
	page = 500
	// patience is how many failures in a row are taken for one of the database, and not of a tenant.
	patience = 5
)

// Table is one whose rows expire.
type Table struct {
	// Name of the table in the schema core.
	Name string
	// Column holds the time from which a row's life is counted.
	Column string
	// After is how long a row is kept.
	After time.Duration
	// TenantOwned tables hold rows of tenants, others those of the platform.
	TenantOwned bool
}

// statement removes a batch: the oldest rows from a time on, without those that a request holds, for whose end it does not wait.
// It begins where the batch before has ended, so that it does not read again what that has left behind.
func (t Table) statement() string {
	owned := ""
	if t.TenantOwned {
		owned = "tenant_id = $3 AND "
	}
	return fmt.Sprintf(`WITH batch AS MATERIALIZED (SELECT id FROM core.%[1]q WHERE %[3]s%[2]q < now() - make_interval(secs => $1) AND %[2]q >= $2
 ORDER BY %[2]q LIMIT %[4]d FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM core.%[1]q WHERE %[3]sid IN (SELECT id FROM batch) RETURNING %[2]q AS since)
SELECT count(*), coalesce(max(since), $2) FROM gone`, t.Name, t.Column, owned, Batch)
}

// expire removes expired rows of all tables, everywhere. What fails for one tenant does not keep it from the others.
func (w *Worker) expire(ctx context.Context, held *task) error {
	var failures []error
	failed := func(err error) (giveUp bool) {
		if err != nil {
			failures = append(failures, err)
		}
		return len(failures) >= patience || errors.Is(err, errLost)
	}
	var owned []Table
	for _, t := range w.options.Expiring {
		if t.TenantOwned {
			owned = append(owned, t)
			continue
		}
		for more := true; more; {
			var err error
			if more, err = w.expireSome(ctx, held, t, uuid.Nil); failed(err) {
				return errors.Join(failures...)
			}
		}
	}
	if len(owned) == 0 {
		return errors.Join(failures...)
	}
	var unfinished []uuid.UUID
	visit := func(id uuid.UUID) (giveUp bool) {
		for _, t := range owned {
			more, err := w.expireSome(ctx, held, t, id)
			if failed(err) {
				w.stop(id)
				return true
			}
			if more {
				unfinished = append(unfinished, id)
				return false
			}
		}
		return false
	}
	start := w.resume()
	for _, part := range [][2]uuid.UUID{{start, uuid.Max}, {uuid.Nil, start}} {
		for after := part[0]; ; {
			ids, err := w.ids(platform(ctx), `SELECT id FROM core.tenants WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3`, after, part[1], page)
			if err != nil {
				return errors.Join(append(failures, err)...)
			}
			if len(ids) == 0 {
				break
			}
			if slices.ContainsFunc(ids, visit) {
				return errors.Join(failures...)
			}
			after = ids[len(ids)-1]
		}
	}
	// Tenants with much to remove take turns, when all others are done.
	for len(unfinished) > 0 {
		left := unfinished
		unfinished = nil
		if slices.ContainsFunc(left, visit) {
			return errors.Join(failures...)
		}
	}
	w.stop(uuid.Nil)
	return errors.Join(failures...)
}

// expireSome removes some batches of a table's rows, of a tenant or of the platform, and reports whether there are more.
func (w *Worker) expireSome(ctx context.Context, held *task, t Table, tenant uuid.UUID) (more bool, err error) {
	inside := platform(ctx)
	if t.TenantOwned {
		inside = pg.WithScope(ctx, pg.Scope{TenantID: tenant})
	}
	var from time.Time
	for range turn {
		if err := held.keep(ctx); err != nil {
			return false, err
		}
		args := []any{t.After.Seconds(), from}
		if t.TenantOwned {
			args = append(args, tenant)
		}
		var (
			rows sql.Rows
			n    int
		)
		err := w.options.Driver.Query(inside, t.statement(), args, &rows)
		if err == nil {
			if rows.Next() {
				err = rows.Scan(&n, &from)
			}
			err = errors.Join(err, rows.Err(), rows.Close())
		}
		if err != nil {
			return false, fmt.Errorf("remove expired rows of %s, tenant %s: %w", t.Name, tenant, err)
		}
		w.removed(t.Name, n)
		if n < Batch {
			return false, nil
		}
	}
	return true, nil
}

// ids runs a statement that returns ids.
func (w *Worker) ids(ctx context.Context, query string, args ...any) ([]uuid.UUID, error) {
	var rows sql.Rows
	if err := w.options.Driver.Query(ctx, query, args, &rows); err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list tenants: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// resume is the tenant after which a sweep begins: the last of one that failed, so that those behind it have their turn.
func (w *Worker) resume() uuid.UUID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.position
}

func (w *Worker) stop(after uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.position = after
}
