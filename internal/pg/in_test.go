package pg_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

type mood string

// TestInTakesAnyNumberOfValues: 65,536 parameters are more than a statement can have.
func TestInTakesAnyNumberOfValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as(t, w.a)
	many := make([]uuid.UUID, 70_000)
	for i := range many {
		many[i] = uuid.New()
	}
	many[0], many[1], many[69_999] = w.thingA, w.thingA, w.thingB // of another tenant
	for _, c := range []struct {
		name  string
		where func(*entsql.Selector)
		want  int
		args  int
	}{
		{"70,000 ids", pg.In("id", many), 1, 2},
		{"one id", pg.In("id", []uuid.UUID{w.thingA}), 1, 2},
		{"one id, often", pg.In("id", []uuid.UUID{w.thingA, w.thingA, w.thingA}), 1, 2},
		{"no id", pg.In("id", []uuid.UUID{}), 0, 1},
		{"other ids", pg.In("id", many[5:9]), 0, 2},
		{"texts", pg.In("name", []string{"same", `a"b,{}\`, ""}), 1, 2},
		{"members of an enum", pg.In("name", []mood{"same", "other"}), 1, 2},
		{"one member", pg.In("name", []mood{"same"}), 1, 2},
		{"numbers", pg.In("amount", []int{7, 1}), 1, 2},
	} {
		query := entsql.Dialect(dialect.Postgres).Select("id").From(entsql.Table("things").Schema("core"))
		query.Where(entsql.EQ(query.C("tenant_id"), w.a))
		c.where(query)
		text, args := query.Query()
		rows, err := idsOf(ctx, w.driver, text, args)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(rows) != c.want || len(args) != c.args {
			t.Errorf("%s: got %d rows with %d parameters, want %d with %d", c.name, len(rows), len(args), c.want, c.args)
		}
	}
	index := entsql.Dialect(dialect.Postgres).Select("id").From(entsql.Table("things"))
	pg.In("id", []uuid.UUID{w.thingA, w.thingA})(index)
	if text, _ := index.Query(); !strings.Contains(text, `"things"."id" = $1`) {
		t.Errorf("got %s, want an equation, whose rows an index has in order", text)
	}
}

func idsOf(ctx context.Context, on dialect.ExecQuerier, query string, args []any) ([]uuid.UUID, error) {
	var rows entsql.Rows
	if err := on.Query(ctx, query, args, &rows); err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer func() { _ = rows.Close() }()
	var ids []uuid.UUID
	err := entsql.ScanSlice(rows, &ids)
	return slices.Clip(ids), err
}
