package listing

import (
	"context"
	"encoding/json"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

// Estimate returns how many rows the planner expects of a query, without running it. It is as good as the table's
// statistics, which autovacuum keeps; see the Postgres manual, 14.2 "Statistics Used by the Planner".
func Estimate(ctx context.Context, driver dialect.Driver, query *sql.Selector) (int, error) {
	text, args := query.Query()
	var rows sql.Rows
	if err := driver.Query(ctx, "EXPLAIN (FORMAT JSON) "+text, args, &rows); err != nil {
		return 0, fmt.Errorf("estimate rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var document []byte
	for rows.Next() {
		if err := rows.Scan(&document); err != nil {
			return 0, fmt.Errorf("read estimate: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("read estimate: %w", err)
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(document, &plans); err != nil || len(plans) != 1 {
		return 0, fmt.Errorf("read estimate: %w", err)
	}
	return int(plans[0].Plan.Rows), nil
}
