package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// scopePrefix is how the statements begin that bind a scope.
const scopePrefix = "select set_config('app.tenant_id', $1, true)"

// DB is a pool of connections and the Ent driver on it. It is safe for concurrent use.
type DB struct {
	config Config
	pool   *pgxpool.Pool
	codecs *codecs
	tracer *tracer // nil: nothing is traced
	shares *shares
	// scopeSQL binds a scope, and tenantSQL one that is not the platform's; empty: there is no shorter way.
	scopeSQL, tenantSQL string
	// scopeArgs follow the scope's own two arguments.
	scopeArgs []any

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
	db := &DB{config: c, codecs: newCodecs(), shares: newShares(c)}
	if c.Tracer != nil {
		db.tracer = newTracer(c.Tracer, pc.ConnConfig)
		pc.ConnConfig.Tracer = db.tracer
	}
	// A setting that is not made in a transaction is not set in it: every one of them is made locally.
	scope := scopePrefix + ", set_config('app.platform', $2, true)"
	if !c.PgBouncer {
		db.tenantSQL = scopePrefix
	} else {
		// The server connection is another one in each transaction: what the session would hold has to
		// come along.
		for i, s := range c.sessionSettings() {
			scope += fmt.Sprintf(", set_config('%s', $%d, true)", s.name, i+3)
			db.scopeArgs = append(db.scopeArgs, s.value)
		}
	}
	db.scopeSQL = scope
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		db.codecs.register(conn.TypeMap())
		return checkRole(ctx, conn)
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
	return db.Unscoped(ctx, func(q Querier) error { return checkRole(ctx, q) })
}

func checkRole(ctx context.Context, q Querier) error {
	// The session's role counts as well: RESET ROLE returns to it.
	rows, err := q.Query(ctx, `select current_user::text, bool_or(rolsuper), bool_or(rolbypassrls)
		from pg_catalog.pg_roles where rolname in (current_user, session_user)`)
	var e RoleError
	if err == nil {
		e, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[RoleError])
	}
	if err != nil {
		return fmt.Errorf("postgres: read the attributes of the connected role: %w", err)
	}
	if e.Superuser || e.BypassRLS {
		return &e
	}
	return nil
}
