package migrate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// StatementError is a statement that the database refused. In a transactional file nothing of the file has happened.
type StatementError struct {
	File string
	Line int
	SQL  string
	Err  error
}

// Error names the place, the statement and everything Postgres said about it.
func (e *StatementError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %v", e.File, e.Line, e.Err)
	var pg *pgconn.PgError
	if errors.As(e.Err, &pg) {
		for _, more := range []string{pg.Detail, pg.Hint} {
			if more != "" {
				b.WriteString("; " + more)
			}
		}
	}
	fmt.Fprintf(&b, " (%s)", summary(e.SQL))
	return b.String()
}

// Unwrap returns the database's error.
func (e *StatementError) Unwrap() error { return e.Err }

// summary is a statement on one short line.
func summary(sql string) string {
	const width = 72
	line := []rune(strings.Join(strings.Fields(sql), " "))
	if len(line) > width {
		return string(line[:width-1]) + "…"
	}
	return string(line)
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Millisecond)
}
