package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

const (
	revisionSchema = "atlas_schema_revisions"
	revisionTable  = "atlas_schema_revisions.atlas_schema_revisions"

	// Kinds of revision, a bit set (atlas sql/migrate, RevisionType).
	revisionBaseline = 1
	revisionExecuted = 2
	revisionResolved = 4
)

// revisionDDL is the table the Atlas CLI creates, column for column: it would alter a different one.
const revisionDDL = `CREATE SCHEMA IF NOT EXISTS atlas_schema_revisions;
CREATE TABLE IF NOT EXISTS atlas_schema_revisions.atlas_schema_revisions (
  version character varying NOT NULL,
  description character varying NOT NULL,
  type bigint NOT NULL DEFAULT 2,
  applied bigint NOT NULL DEFAULT 0,
  total bigint NOT NULL DEFAULT 0,
  executed_at timestamp with time zone NOT NULL,
  execution_time bigint NOT NULL,
  error text NULL,
  error_stmt text NULL,
  hash character varying NOT NULL,
  partial_hashes jsonb NULL,
  operator_version character varying NOT NULL,
  PRIMARY KEY (version)
)`

// revision is one row of Atlas' table.
type revision struct {
	Version       string
	Type          int64
	Applied       int64
	Total         int64
	ExecutedAt    time.Time
	Error         string
	ErrorStmt     string
	Hash          string
	PartialHashes []string
	Operator      string
}

// partial says that the file's run was broken off: some statements are in, some are not.
func (r *revision) partial() bool {
	return r.Applied < r.Total && r.Type&(revisionBaseline|revisionResolved) == 0
}

// Querier runs a query: a *pgx.Conn, a *pgxpool.Pool or a pgx.Tx.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// execer runs statements, inside a transaction or outside.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// readRevisions returns the rows in byte order of their versions, without those Atlas keeps for itself (they start with a
// dot). A database that was never migrated has none.
func readRevisions(ctx context.Context, q Querier) ([]revision, error) {
	rows, err := q.Query(ctx, `SELECT version, type, applied, total, executed_at, coalesce(error, ''), coalesce(error_stmt, ''),
  hash, coalesce(partial_hashes, 'null'), operator_version
FROM `+revisionTable+` WHERE version NOT LIKE '.%' ORDER BY version COLLATE "C"`)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	revisions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r revision, err error) {
		var hashes []byte
		if err := row.Scan(&r.Version, &r.Type, &r.Applied, &r.Total, &r.ExecutedAt, &r.Error, &r.ErrorStmt, &r.Hash, &hashes, &r.Operator); err != nil {
			return r, err
		}
		return r, json.Unmarshal(hashes, &r.PartialHashes)
	})
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	return revisions, nil
}

// absent recognises undefined_table and invalid_schema_name.
func absent(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000")
}

// writeRevision records that the first `applied` statements of m are in; failure is what stopped the next one, or nil.
func writeRevision(ctx context.Context, db execer, m *Migration, applied int, took time.Duration, operator, failedStmt string, failure error) error {
	var hashes, message any = nil, ""
	if applied > 0 && applied < len(m.Up.Statements) {
		hashes = partialHashes(m.Up.Statements)[:applied]
	}
	if failure != nil {
		message = failure.Error()
	}
	_, err := db.Exec(ctx, `INSERT INTO `+revisionTable+` AS r
  (version, description, type, applied, total, executed_at, execution_time, error, error_stmt, hash, partial_hashes, operator_version)
VALUES ($1, $2, $3, $4, $5, clock_timestamp(), $6, $7, $8, $9, $10::jsonb, $11)
ON CONFLICT (version) DO UPDATE SET applied = excluded.applied, total = excluded.total, executed_at = excluded.executed_at,
  execution_time = r.execution_time + excluded.execution_time, error = excluded.error, error_stmt = excluded.error_stmt,
  hash = excluded.hash, partial_hashes = excluded.partial_hashes, operator_version = excluded.operator_version`,
		m.Version, m.Desc, revisionExecuted, applied, len(m.Up.Statements), took.Nanoseconds(), message, failedStmt, m.Up.Hash, hashes, operator)
	if err != nil {
		return fmt.Errorf("record revision %s: %w", m.Version, err)
	}
	return nil
}

// deleteRevision forgets a migration that was undone; with a checkpoint go the revisions it stands for.
func deleteRevision(ctx context.Context, db execer, m *Migration) error {
	where := "version = $1"
	if m.Up.Checkpoint != nil {
		where = `version COLLATE "C" <= $1 AND version NOT LIKE '.%'`
	}
	if _, err := db.Exec(ctx, "DELETE FROM "+revisionTable+" WHERE "+where, m.Version); err != nil {
		return fmt.Errorf("delete revision %s: %w", m.Version, err)
	}
	return nil
}

// ensureTable creates the revision table where it is missing.
func ensureTable(ctx context.Context, db execer) error {
	if _, err := db.Exec(ctx, revisionDDL); err != nil {
		return fmt.Errorf("create the revision table: %w", err)
	}
	return nil
}

// ensureGrant lets the application's role read the revisions: the server compares them with what it embeds before it says
// it is ready. It asks first, because granting again rewrites catalog rows.
func ensureGrant(ctx context.Context, db execer) error {
	_, err := db.Exec(ctx, fmt.Sprintf(`DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s')
    AND NOT (has_schema_privilege('%[1]s', '%[2]s', 'USAGE') AND has_table_privilege('%[1]s', '%[3]s', 'SELECT'))
  THEN
    GRANT USAGE ON SCHEMA %[2]s TO %[1]s;
    GRANT SELECT ON %[3]s TO %[1]s;
  END IF;
END
$$`, pgcatalog.AppRole, revisionSchema, revisionTable))
	if err != nil {
		return fmt.Errorf("let %s read the revisions: %w", pgcatalog.AppRole, err)
	}
	return nil
}

// Standing is where a database stands, as a server sees it that needs a certain version.
type Standing struct {
	// Newest is the newest version the database has; empty when it was never migrated.
	Newest string
	// Applied is the newest version that it has completely.
	Applied string
	// Holds says that the version asked for is among those the database has.
	Holds bool
	// Complete says that it and all before it are completely applied. What a newer release is still applying does not count.
	Complete bool
}

// Stand returns where the database stands with regard to a version. The application's role may ask; where it was not
// allowed to, the error says how to.
func Stand(ctx context.Context, q Querier, version string) (s Standing, err error) {
	rows, err := q.Query(ctx, `SELECT coalesce(max(version COLLATE "C"), ''),
  coalesce(max(version COLLATE "C") FILTER (WHERE applied = total OR type & $1 <> 0), ''), coalesce(bool_or(version = $2), false),
  coalesce(bool_and(applied = total OR type & $1 <> 0) FILTER (WHERE version COLLATE "C" <= $2), false)
FROM `+revisionTable+` WHERE version NOT LIKE '.%'`, revisionBaseline|revisionResolved, version)
	if err == nil {
		s, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Standing])
	}
	var pg *pgconn.PgError
	switch {
	case absent(err):
		return Standing{}, nil
	case errors.As(err, &pg) && pg.Code == "42501":
		return Standing{}, fmt.Errorf("read revisions: %w: run `server migrate up`, which grants %s the right to", err, pgcatalog.AppRole)
	case err != nil:
		return Standing{}, fmt.Errorf("read revisions: %w", err)
	}
	return s, nil
}
