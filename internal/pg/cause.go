package pg

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Cause is the kind of failure behind an error of this package, for logs, metrics and readiness. It names no value.
type Cause string

// The causes. The SQLSTATEs are those of the PostgreSQL manual, appendix A.
const (
	CauseUnreachable    Cause = "unreachable"          // nothing answers at the address
	CauseConnectionLost Cause = "connection_lost"      // the connection broke under a statement
	CauseStarting       Cause = "starting_or_stopping" // 57P01 to 57P05
	CauseLoginRefused   Cause = "login_refused"        // class 28: password, role or pg_hba.conf
	CauseNoDatabase     Cause = "no_database"          // 3D000: no database of this name
	CauseTooManyConns   Cause = "too_many_connections" // 53300: the server's or the role's limit
	CauseReadOnly       Cause = "read_only"            // 25006: a standby, or a server switched to read-only
	CauseDiskFull       Cause = "disk_full"            // 53100
	CauseOutOfResources Cause = "out_of_resources"     // the rest of class 53, and class 58
	CausePermission     Cause = "permission_denied"    // 42501: a grant is missing
	CauseNotMigrated    Cause = "not_migrated"         // 42P01, 3F000: a table or schema is missing
	CauseUnsafeRole     Cause = "unsafe_role"          // the role bypasses row-level security
	CauseBusy           Cause = "pool_busy"            // all connections of the pool are in use
	CauseTimeout        Cause = "timeout"              // a statement or lock took too long
	CauseConflict       Cause = "conflict"             // class 40: a concurrent transaction won
	CauseOther          Cause = "other"
)

// CauseOf returns what is behind err, and the SQLSTATE where the server gave one.
func CauseOf(err error) (Cause, string) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return causeOfState(pg.Code), pg.Code
	}
	var role *RoleError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &role):
		return CauseUnsafeRole, ""
	case errors.Is(err, ErrBusy):
		return CauseBusy, ""
	case errors.As(err, &connect):
		return CauseUnreachable, ""
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return CauseTimeout, ""
	case errors.Is(err, ErrSerialization):
		return CauseConflict, ""
	case errors.Is(err, ErrUnavailable):
		return CauseConnectionLost, ""
	}
	return CauseOther, ""
}

func causeOfState(code string) Cause {
	switch code {
	case "3D000":
		return CauseNoDatabase
	case "53300":
		return CauseTooManyConns
	case "25006":
		return CauseReadOnly
	case "53100":
		return CauseDiskFull
	case "42501":
		return CausePermission
	case "42P01", "3F000":
		return CauseNotMigrated
	case "57014", "55P03", "25P03":
		return CauseTimeout
	}
	if len(code) != 5 {
		return CauseOther
	}
	switch code[:2] {
	case "08":
		return CauseUnreachable
	case "28":
		return CauseLoginRefused
	case "40":
		return CauseConflict
	case "53", "58":
		return CauseOutOfResources
	}
	if strings.HasPrefix(code, "57P") {
		return CauseStarting
	}
	return CauseOther
}

// unusable reports whether a server error says that the database cannot be used right now, whatever the statement.
func unusable(code string) bool {
	switch causeOfState(code) {
	case CauseUnreachable, CauseStarting, CauseLoginRefused, CauseNoDatabase, CauseTooManyConns, CauseReadOnly, CauseDiskFull, CauseOutOfResources, CausePermission:
		return true
	}
	return false
}
