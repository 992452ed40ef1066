package paging

import (
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Tree is what a caller wants expanded: names, and below each what to expand there.
type Tree map[string]Tree

// ParseTree reads the parameter expand: `roles`, `managedUsers.roles`. A path asks for all of its parts.
func ParseTree[S ~string](paths []S) Tree {
	tree := Tree{}
	for _, path := range paths {
		at := tree
		for name := range strings.SplitSeq(string(path), ".") {
			if at[name] == nil {
				at[name] = Tree{}
			}
			at = at[name]
		}
	}
	return tree
}

// Capped keeps, for each parent, the first rows: a page of parents with thousands of
// children each costs no more than the cap allows. The statement carries the tenant in both of its queries.
func Capped[T comparable](schema, table, tenantColumn string, tenant any, parentColumn string, parents []T, limit int) func(*sql.Selector) {
	return func(s *sql.Selector) {
		inner := sql.Dialect(dialect.Postgres).Select().From(sql.Table(table).Schema(schema))
		inner.AppendSelect(inner.C(idColumn)).
			AppendSelectExprAs(sql.RowNumber().PartitionBy(inner.C(parentColumn)).OrderBy(inner.C(idColumn)), "place").
			Where(sql.And(sql.EQ(inner.C(tenantColumn), tenant), pg.InColumn(inner.C(parentColumn), parents)))
		first := sql.Dialect(dialect.Postgres).Select(idColumn).From(inner.As("children"))
		s.Where(sql.In(s.C(idColumn), first.Where(sql.LTE("place", limit))))
	}
}
