package pg

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// tenantSQL binds a tenant's scope. A setting that is not made in a transaction is not set in it: every one of them
	// is made locally.
	tenantSQL = "select set_config('app.tenant_id', $1, true)"
	// scopeSQL binds any scope.
	scopeSQL = tenantSQL + ", set_config('app.platform', $2, true)"
)

// DB is a pool of connections and the Ent driver on it. It is safe for concurrent use.
type DB struct {
	config Config
	pool   *pgxpool.Pool
	codecs *codecs
	tracer *tracer // nil: nothing is traced
	shares *shares
	// pooled says that a pooler is in between; see Pooled.
	pooled atomic.Bool
	// pooledSQL binds a scope behind a pooler, with the settings that follow the scope's own two arguments.
	pooledSQL  string
	pooledArgs []any
	// generation counts the times that prepared statements were found stale.
	generation atomic.Int64
	// replaced is when Replace last did so; nil: never.
	replaced atomic.Pointer[time.Time]
	scarce   scarcity

	shed, shareShed, answered atomic.Int64 // see Stats
}

// Open returns a database for c. It does not connect: connections are opened when first needed, and each
// is refused with a *RoleError if its role bypasses row-level security. Call CheckRole to learn that at
// start-up.
func Open(ctx context.Context, c Config) (*DB, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	pc, err := c.poolConfig()
	if err != nil {
		return nil, err
	}
	db := &DB{config: c, codecs: newCodecs(), shares: newShares(c), scarce: newScarcity(c.MaxConns)}
	if c.Tracer != nil {
		db.tracer = newTracer(c.Tracer, pc.ConnConfig)
		pc.ConnConfig.Tracer = db.tracer
	}
	db.pooled.Store(c.PgBouncer)
	// Behind a pooler the server connection is another one in each transaction: what the session would hold has to come
	// along.
	db.pooledSQL = scopeSQL
	for i, s := range c.sessionSettings() {
		db.pooledSQL += fmt.Sprintf(", set_config('%s', $%d, true)", s.name, i+3)
		db.pooledArgs = append(db.pooledArgs, s.value)
	}
	pc.BeforeConnect = func(_ context.Context, cc *pgx.ConnConfig) error {
		if db.pooled.Load() {
			c.throughPooler(cc)
		}
		return nil
	}
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		db.codecs.register(conn.TypeMap())
		return db.connected(ctx, conn)
	}
	if db.pool, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return nil, fmt.Errorf("postgres: open the pool: %w", err)
	}
	return db, nil
}

// Driver returns the Ent driver: ent.NewClient(ent.Driver(db.Driver())).
func (db *DB) Driver() dialect.Driver { return (*entDriver)(db) }

// Pool returns the pool, for its statistics and for tests. What is taken from it directly does not queue with the rest.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close closes all connections and waits for those in use.
func (db *DB) Close() { db.pool.Close() }

// RoleError says that the connected role bypasses row-level security, so that no tenant's data would be
// safe.
type RoleError struct {
	// Role is the name of the role.
	Role string
	// Superuser and BypassRLS are the attributes it has and must not have.
	Superuser, BypassRLS bool
}

func (e *RoleError) Error() string {
	var has []string
	if e.Superuser {
		has = append(has, "is a superuser")
	}
	if e.BypassRLS {
		has = append(has, "has BYPASSRLS")
	}
	return fmt.Sprintf("postgres: role %q %s, so row-level security would not hold: connect as core_app (LOCKSTEP_DATABASE_URL), and use the owner only for migrations", e.Role, strings.Join(has, " and "))
}

// CheckRole connects and returns a *RoleError if the connected role is a superuser or has BYPASSRLS, and
// an error with ErrUnavailable if no connection can be had.
func (db *DB) CheckRole(ctx context.Context) error {
	return db.Unscoped(ctx, func(q Querier) error {
		_, err := checkRole(ctx, q)
		return err
	})
}

// checkRole also returns the number of the server's process.
func checkRole(ctx context.Context, q Querier) (pid int64, err error) {
	// The session's role counts as well: RESET ROLE returns to it.
	rows, err := q.Query(ctx, `select current_user::text, bool_or(rolsuper), bool_or(rolbypassrls), pg_backend_pid()
		from pg_catalog.pg_roles where rolname in (current_user, session_user)`)
	var e RoleError
	if err == nil {
		pid, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (pid int64, err error) {
			return pid, row.Scan(&e.Role, &e.Superuser, &e.BypassRLS, &pid)
		})
	}
	if err != nil {
		return 0, fmt.Errorf("postgres: read the attributes of the connected role: %w", err)
	}
	if e.Superuser || e.BypassRLS {
		return 0, &e
	}
	return pid, nil
}
