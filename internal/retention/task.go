package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// The tasks, by their names in core.platform_tasks.
const (
	taskExpired = "expired"
	taskTenants = "tenants"
)

// errLost says that another server has taken the task: this one was not heard of for too long.
var errLost = errors.New("retention: another server has the task by now")

const (
	// claim takes a task that is due, and any the first time. done_at begins with the first claim: a task that is never
	// completed is late from then on.
	claim = `INSERT INTO core.platform_tasks AS t (id, name, holder, due_at, done_at)
VALUES ($1, $2, $3, now() + make_interval(secs => $4), now())
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, due_at = excluded.due_at WHERE t.due_at <= now() OR $5
RETURNING t.id`
	renew    = `UPDATE core.platform_tasks SET due_at = now() + make_interval(secs => $3) WHERE name = $1 AND holder = $2 RETURNING id`
	complete = `UPDATE core.platform_tasks SET due_at = now() + make_interval(secs => $3), done_at = now() WHERE name = $1 AND holder = $2`
)

// platform binds a context to what belongs to no tenant.
func platform(ctx context.Context) context.Context {
	return pg.WithScope(pg.Background(ctx), pg.Scope{Platform: true})
}

// task is one that this server has taken.
type task struct {
	worker  *Worker
	name    string
	renewed time.Time
}

// do does the task if it is due; urgent takes it also when it is not, or another server has it.
func (w *Worker) do(ctx context.Context, name string, urgent bool, work func(context.Context, *task) error) error {
	got, err := returned(platform(ctx), w.options.Driver, claim, uuid.Must(uuid.NewV7()), name, w.self, lease.Seconds(), urgent)
	if err != nil {
		return fmt.Errorf("claim the task %s: %w", name, err)
	}
	if !got {
		return nil
	}
	if err := work(ctx, &task{worker: w, name: name, renewed: time.Now()}); err != nil {
		return err // it stays ours until the lease is over, and is due then
	}
	if err := w.options.Driver.Exec(platform(ctx), complete, []any{name, w.self, pause.Seconds()}, nil); err != nil {
		return fmt.Errorf("complete the task %s: %w", name, err)
	}
	return nil
}

// keep tells the others that the task is being worked on. A nil task is nobody's.
func (t *task) keep(ctx context.Context) error {
	if t == nil || time.Since(t.renewed) < lease/4 {
		return nil
	}
	t.renewed = time.Now()
	got, err := returned(platform(ctx), t.worker.options.Driver, renew, t.name, t.worker.self, lease.Seconds())
	if err != nil {
		return fmt.Errorf("keep the task %s: %w", t.name, err)
	}
	if !got {
		return errLost
	}
	return nil
}

// returned runs a statement and reports whether it returned a row.
func returned(ctx context.Context, driver dialect.Driver, query string, args ...any) (bool, error) {
	var rows sql.Rows
	if err := driver.Query(ctx, query, args, &rows); err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	return rows.Next(), rows.Err()
}

// Lateness is how far the tasks are behind.
type Lateness struct {
	// Expired is how long ago expired rows were last removed everywhere.
	Expired time.Duration
	// Deletion is how long ago the oldest deletion of a tenant began that is not finished; 0: there is none.
	Deletion time.Duration
}

const lateness = `SELECT coalesce(extract(epoch FROM now() - (SELECT done_at FROM core.platform_tasks WHERE name = $1)), 0)::float8,
coalesce(extract(epoch FROM now() - (SELECT min(deleting_since) FROM core.tenants)), 0)::float8`

// Lateness asks the database how far the tasks are behind, whichever server does them.
func (w *Worker) Lateness(ctx context.Context) (Lateness, error) {
	var (
		rows              sql.Rows
		expired, deletion float64
	)
	if err := w.options.Driver.Query(platform(ctx), lateness, []any{taskExpired}, &rows); err != nil {
		return Lateness{}, fmt.Errorf("ask how far clean-up is behind: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		if err := rows.Scan(&expired, &deletion); err != nil {
			return Lateness{}, fmt.Errorf("ask how far clean-up is behind: %w", err)
		}
	}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return Lateness{seconds(expired), seconds(deletion)}, rows.Err()
}
