package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Errors a caller may want to tell apart with errors.Is. The *pgconn.PgError below is reachable by
// errors.As.
var (
	// ErrTimeout says that the statement ran into StatementTimeout or a lock timeout.
	ErrTimeout = errors.New("postgres: the statement took too long and was cancelled")
	// ErrSerialization says that a concurrent transaction won (SQLSTATE class 40). The transaction is
	// rolled back and may be tried again as a whole; single statements have been.
	ErrSerialization = errors.New("postgres: a concurrent transaction got in the way")
	// ErrUnavailable says that there was no connection to be had, that it broke, or that the server cannot
	// do its work: it is read-only, full or shutting down. A write may have happened if the connection
	// broke. CauseOf tells which.
	ErrUnavailable = errors.New("postgres: the database is unavailable")
	// ErrRowSecurity says that a written row would belong to another tenant than the scope's.
	ErrRowSecurity = errors.New("postgres: the row does not belong to the scope's tenant")
)

// Kind is what a value violated.
type Kind string

// The kinds of a ConstraintError, by SQLSTATE (PostgreSQL manual, appendix A).
const (
	Unique     Kind = "unique"       // 23505
	ForeignKey Kind = "foreign_key"  // 23503, 23001
	Check      Kind = "check"        // 23514
	NotNull    Kind = "not_null"     // 23502
	Exclusion  Kind = "exclusion"    // 23P01
	TooLong    Kind = "too_long"     // 22001, 54000: more than an index entry or a tsvector holds
	OutOfRange Kind = "out_of_range" // 22003, 22008, 22012, 22015
	Malformed  Kind = "malformed"    // the rest of class 22, and 42601 of a value: a tsquery, a jsonpath
	Raised     Kind = "raised"       // RAISE in a function of the schema's own, by P0001 or any SQLSTATE that is none of these
)

// ConstraintError says which constraint a statement violated. Its text names the constraint, never the
// values: it may be logged.
type ConstraintError struct {
	Kind Kind
	// Table, Column and Constraint are empty where Postgres does not say: a value that is too long comes
	// without any of them, a unique violation without the column.
	Table, Column, Constraint string
	// Deleting says of a ForeignKey violation that the row is still referred to, rather than that it
	// refers to a row that is not there.
	Deleting bool
	// Message is the sentence of the RAISE that a function of the schema's own has refused the statement with; empty where
	// Postgres has refused it. It is written for callers (docs/schema.md, SQL of your own).
	Message string

	err *pgconn.PgError
}

// Error contains the English phrases Ent looks for in sqlgraph.IsConstraintError, whatever language the
// server speaks.
func (e *ConstraintError) Error() string {
	var b strings.Builder
	b.WriteString("postgres: value")
	if e.Column != "" {
		fmt.Fprintf(&b, " of column %q", e.Column)
	}
	if e.Table != "" {
		fmt.Fprintf(&b, " of table %q", e.Table)
	}
	switch e.Kind {
	case Unique, Check:
		fmt.Fprintf(&b, " violates %s constraint", e.Kind)
	case ForeignKey:
		b.WriteString(" violates foreign key constraint")
	case NotNull:
		b.WriteString(" violates not-null constraint")
	case Exclusion:
		b.WriteString(" violates exclusion constraint")
	case TooLong:
		b.WriteString(" is too long for its column")
	case OutOfRange:
		b.WriteString(" is out of range")
	case Malformed:
		b.WriteString(" is malformed")
	case Raised:
		b.WriteString(" is refused by a function")
	}
	if e.Constraint != "" {
		fmt.Fprintf(&b, " %q", e.Constraint)
	}
	if e.err != nil {
		fmt.Fprintf(&b, " (SQLSTATE %s)", e.err.Code)
	}
	return b.String()
}

// Unwrap returns the *pgconn.PgError, whose Detail holds the values: do not show it to callers.
func (e *ConstraintError) Unwrap() error {
	if e.err == nil {
		return nil
	}
	return e.err
}

// kindOf maps what the server says to the kind of ConstraintError.
func kindOf(pg *pgconn.PgError) (Kind, bool) {
	switch pg.Code {
	case "23505":
		return Unique, true
	case "23503", "23001":
		return ForeignKey, true
	case "23514", "23000":
		return Check, true
	case "23502":
		return NotNull, true
	case "23P01":
		return Exclusion, true
	case "22001", "54000", "54001":
		return TooLong, true
	case "22003", "22008", "22012", "22015":
		return OutOfRange, true
	}
	switch {
	case strings.HasPrefix(pg.Code, "22"):
		return Malformed, true
	case raised(pg) && !strings.Contains("08 25 40 53 55 57 58", pg.Code[:min(2, len(pg.Code))]): // whoever raises those asks for another try
		return Raised, true
	case pg.Code == "42601":
		// The input of some types is a language. A syntax error of the statement itself has a position.
		return Malformed, pg.Position == 0
	}
	return "", false
}

// raised reports whether the error is that of a RAISE in PL/pgSQL (pl/plpgsql/src/pl_exec.c).
func raised(pg *pgconn.PgError) bool { return pg.Routine == "exec_stmt_raise" }

// translate turns what pgx returned for a statement sent with ctx into this package's errors.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var role *RoleError
	if errors.As(err, &role) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return translateServer(ctx, err, pg)
	}
	if cause := ctx.Err(); cause != nil {
		if errors.Is(err, cause) {
			return err
		}
		return fmt.Errorf("%w: %w", cause, err)
	}
	if lostConnection(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func translateServer(ctx context.Context, err error, pg *pgconn.PgError) error {
	if kind, ok := kindOf(pg); ok {
		e := &ConstraintError{Kind: kind, Table: pg.TableName, Column: pg.ColumnName, Constraint: pg.ConstraintName, err: pg}
		if raised(pg) {
			e.Message = pg.Message
		}
		return e
	}
	switch {
	case pg.Code == "57014": // query_canceled
		if cause := ctx.Err(); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case pg.Code == "55P03" || pg.Code == "25P03": // lock_not_available, idle_in_transaction_session_timeout
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case strings.HasPrefix(pg.Code, "40"):
		return fmt.Errorf("%w: %w", ErrSerialization, err)
	case pg.Code == "42501" && pg.Routine == "ExecWithCheckOptions": // executor/execMain.c
		return fmt.Errorf("%w: %w", ErrRowSecurity, err)
	case unusable(pg.Code):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// markDeleting sets Deleting by the statement that failed: the server tells the two apart only in the
// message, which is in its own language.
func markDeleting(err error, query string) error {
	var e *ConstraintError
	if errors.As(err, &e) && e.Kind == ForeignKey {
		e.Deleting = len(query) >= 6 && strings.EqualFold(query[:6], "delete")
	}
	return err
}

// lostConnection reports whether err, which is not the server's, means that there is no connection.
func lostConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || pgconn.SafeToRetry(err)
}
