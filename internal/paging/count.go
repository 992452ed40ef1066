package paging

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

// MaxCounted is where a count that need not be exact stops.
const MaxCounted = 10_000

// Count counts the rows of a query, up to a limit; 0 is none. It reports whether these are all. No number of the planner's
// is asked for: its statistics are of all tenants' rows together.
func Count(ctx context.Context, driver dialect.Driver, query *sql.Selector, limit int) (n int, all bool, err error) {
	if limit > 0 {
		query.Limit(limit + 1) // one more tells that there are more
	}
	text, args := sql.Dialect(dialect.Postgres).Select(sql.Count("*")).From(query.As("counted")).Query()
	var rows sql.Rows
	if err := driver.Query(ctx, text, args, &rows); err != nil {
		return 0, false, fmt.Errorf("count rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if n, err = sql.ScanInt(rows); err != nil {
		return 0, false, fmt.Errorf("read a count: %w", err)
	}
	if limit > 0 && n > limit {
		return limit, false, nil
	}
	return n, true, nil
}
