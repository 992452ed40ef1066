package dbtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Touched runs the statement on a plan for any arguments, which is what a connection keeps, and returns how many rows its
// scans return and throw away, plus the pages it touches; and the plan, for the message of a failure. Time is no measure on a
// machine that does other things.
func Touched(t testing.TB, conn *pgx.Conn, sql string, args []any) (touched int, plan string) {
	t.Helper()
	values := make([]string, len(args))
	for i, arg := range args {
		values[i] = literal(arg)
	}
	execute := "EXECUTE explained"
	if len(values) > 0 {
		execute += "(" + strings.Join(values, ", ") + ")"
	}
	if _, err := conn.Exec(t.Context(), "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "PREPARE explained AS "+sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var text []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+execute, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
		t.Fatalf("%s: %v", execute, err)
	}
	if _, err := conn.Exec(t.Context(), "DEALLOCATE explained"); err != nil {
		t.Fatal(err)
	}
	var document []struct{ Plan node }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	top := document[0].Plan
	return top.rows() + top.Hit + top.Read, string(text)
}

// node is a node of a plan (Postgres manual, 14.1 "Using EXPLAIN").
type node struct {
	Type    string  `json:"Node Type"`
	Rows    float64 `json:"Actual Rows"`
	Removed float64 `json:"Rows Removed by Filter"`
	Loops   float64 `json:"Actual Loops"`
	Hit     int     `json:"Shared Hit Blocks"`
	Read    int     `json:"Shared Read Blocks"`
	Plans   []node
}

func (n node) rows() int {
	sum := 0
	if strings.HasSuffix(n.Type, "Scan") {
		sum = int((n.Rows + n.Removed) * n.Loops)
	}
	for _, below := range n.Plans {
		sum += below.rows()
	}
	return sum
}

// literal writes an argument in SQL.
func literal(arg any) string {
	quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	switch arg := arg.(type) {
	case time.Time:
		return quoted(arg.Format(time.RFC3339Nano))
	case []uuid.UUID:
		texts := make([]string, len(arg))
		for i, id := range arg {
			texts[i] = id.String()
		}
		return quoted("{" + strings.Join(texts, ",") + "}")
	}
	return quoted(fmt.Sprint(arg))
}
