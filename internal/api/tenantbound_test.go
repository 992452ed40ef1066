package api_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// maxParameters is how many parameters a statement may have besides one for each column of the widest table. Values whose number
// grows with data, or with what a caller sends, are one array.
const maxParameters = 32

// statistics are what the planner knows of a table, which is of all tenants' rows together.
var statistics = regexp.MustCompile(`(?i)\b(explain|reltuples|pg_class|pg_stats?\w*)\b`)

// watch returns an observer that fails the test for every statement on a tenant-owned table that does not bind the
// tenant: it would rely on row-level security alone, and could not be sent to the tenant's shard. Neither may a statement have
// as many parameters as there are values, or ask for statistics.
func (s *stack) watch(t *testing.T) func(context.Context, string, []any) {
	t.Helper()
	owned := s.tenantOwned(t)
	most := maxParameters + s.count(t, `SELECT max(n) FROM (SELECT count(*) AS n FROM information_schema.columns WHERE table_schema = 'core' GROUP BY table_name) AS tables`)
	var mu sync.Mutex
	offending := map[string]string{}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for statement, why := range offending {
			t.Errorf("a statement that must not be sent: %s\n%s", why, statement)
		}
	})
	return func(ctx context.Context, sql string, args []any) {
		s.statements.Add(1)
		scope, _ := pg.ScopeFrom(ctx)
		err := bindsTenant(sql, args, owned, scope.TenantID)
		if len(args) > most {
			err = fmt.Errorf("it has %d parameters: any number of values is one (postgres.In)", len(args))
		}
		if statistics.MatchString(sql) {
			err = errors.New("it asks for statistics, which tell of other tenants' rows")
		}
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			offending[sql] = err.Error()
		}
	}
}

// tenantOwned are the tables with a tenant_id, which are those of crud.TenantOwned.
func (s *stack) tenantOwned(t *testing.T) []string {
	t.Helper()
	var owned []string
	err := s.owner.QueryRow(t.Context(), `SELECT array_agg(table_name::text) FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = 'core' AND column_name = 'tenant_id' AND table_type = 'BASE TABLE'`).Scan(&owned)
	if err != nil {
		t.Fatal(err)
	}
	if len(owned) != len(crud.TenantOwned) {
		t.Fatalf("got tables %v with a tenant_id, want one for each of %v", owned, crud.TenantOwned)
	}
	return owned
}

var sqlToken = regexp.MustCompile(`'[^']*'|"[^"]*"|\$\d+|[A-Za-z_][A-Za-z0-9_]*|\S`)

var sqlName = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// binding looks at one statement, as Ent or a person writes it. It understands SELECT, UPDATE, DELETE and INSERT, joins,
// sub-queries and UNION, and equations joined by AND: a table's tenant is bound when its tenant_id equals, over however
// many equations, an argument that is the tenant's id. What it does not understand counts as not bound.
type binding struct {
	tokens []string
	quoted []bool // tokens that are names whatever they say
	args   []any
	owned  []string
	tenant uuid.UUID
	equal  map[string][]string // equations, both ways
	blocks []*block
	need   map[string]string // tenant columns that have to be bound, and of which table they are
}

// block is one SELECT, UPDATE or DELETE.
type block struct {
	id      int
	outer   *block
	aliases map[string]string // to "schema.table"
	pending [][2]string       // equations, which may name aliases that come later
	or      bool
}

func bindsTenant(sql string, args []any, owned []string, tenant uuid.UUID) error {
	b := &binding{tokens: sqlToken.FindAllString(sql, -1), args: args, owned: owned, tenant: tenant, equal: map[string][]string{}, need: map[string]string{}}
	for i, token := range b.tokens {
		b.quoted = append(b.quoted, strings.HasPrefix(token, `"`))
		b.tokens[i] = strings.Trim(token, `"`)
	}
	for i := range b.tokens {
		if b.is(i, "insert", "merge", "truncate", "copy") && (i > 0 || !b.is(0, "insert")) {
			return fmt.Errorf("%s here is not understood", b.at(i))
		}
	}
	if b.is(0, "insert") {
		return b.insert()
	}
	b.query(0, nil)
	for _, each := range b.blocks {
		b.equate(each)
	}
	for column, table := range b.need {
		if !b.bound(column, map[string]bool{}) {
			return fmt.Errorf("nothing says whose rows of %s", table)
		}
	}
	return nil
}

func (b *binding) at(i int) string {
	if i >= 0 && i < len(b.tokens) {
		return b.tokens[i]
	}
	return ""
}

func (b *binding) is(i int, words ...string) bool {
	return i >= 0 && i < len(b.tokens) && !b.quoted[i] && slices.Contains(words, strings.ToLower(b.at(i)))
}

// query reads from token i to the parenthesis that closes the query, and returns its place.
func (b *binding) query(i int, outer *block) int {
	now := b.open(outer)
	for ; i < len(b.tokens) && b.at(i) != ")"; i++ {
		switch {
		case b.is(i, "union", "except", "intersect"):
			now = b.open(outer)
		case b.is(i, "from", "join", "update", "using", ",") && b.at(i+2) == ".":
			i = b.table(i+1, i+3, now)
		case b.is(i, "from", "join", "update", "using") && !b.is(i-1, "for", "key", "distinct") && sqlName.MatchString(b.at(i+1)):
			i = b.table(i+1, i+1, now) // by the search path
		case b.is(i, "or"), b.is(i, "not") && !b.is(i-1, "is") && b.is(i+2, "=", "."):
			now.or = true
		case b.is(i, "set"): // what a row becomes says nothing of which row it is
			for i+1 < len(b.tokens) && !b.is(i+1, "where", "from", "returning") {
				i++
			}
		case b.at(i) == "=":
			now.pending = append(now.pending, [2]string{b.before(i), b.after(i)})
		case b.at(i) == "(" && (b.is(i+1, "select") || b.is(i+1, "with")):
			i = b.query(i+1, now)
		case b.at(i) == "(":
			i = b.group(i+1, now)
		}
	}
	return i
}

// group reads a parenthesis that is no query. What it says about tenants counts if it is a term of an AND and holds no OR itself:
// anything else may be only half of one, and is passed over.
func (b *binding) group(i int, now *block) int {
	end, equations := b.conjunction(i, now)
	if b.is(i-2, "where", "and", "on") {
		now.pending = append(now.pending, equations...)
	}
	return end
}

// conjunction reads from token i to the parenthesis that closes it, and returns its place and the equations that hold whenever all of
// it does.
func (b *binding) conjunction(i int, now *block) (end int, equations [][2]string) {
	start, or := i, false
	for ; i < len(b.tokens) && b.at(i) != ")"; i++ {
		switch {
		case b.is(i, "or"), b.is(i, "not") && !b.is(i-1, "is"):
			or = true
		case b.at(i) == "=":
			equations = append(equations, [2]string{b.before(i), b.after(i)})
		case b.at(i) == "(" && (b.is(i+1, "select") || b.is(i+1, "with")):
			i = b.query(i+1, now)
		case b.at(i) == "(":
			var inner [][2]string
			first := i == start || b.is(i-1, "and")
			if i, inner = b.conjunction(i+1, now); first {
				equations = append(equations, inner...)
			}
		}
	}
	if or || b.at(i+1) != "" && !b.is(i+1, "and", ")", "order", "limit", "for", "group", "returning", "union", "offset") {
		return i, nil
	}
	return i, equations
}

func (b *binding) open(outer *block) *block {
	now := &block{id: len(b.blocks), outer: outer, aliases: map[string]string{}}
	b.blocks = append(b.blocks, now)
	return now
}

// table reads [schema.]table [AS] [alias], whose schema is at i and whose name at last, and returns the place of its last
// token.
func (b *binding) table(i, last int, now *block) int {
	alias := b.at(last)
	name := "core." + alias
	if last > i {
		name = b.at(i) + "." + alias
	}
	if b.is(last+1, "as") {
		alias, last = b.at(last+2), last+2
	} else if word := b.at(last + 1); sqlName.MatchString(word) &&
		!b.is(last+1, "from", "where", "set", "join", "left", "inner", "cross", "on", "order", "limit", "for", "group", "union", "using", "returning", "natural", "right", "full", "offset") {
		alias, last = word, last+1
	}
	now.aliases[alias] = name
	if slices.Contains(b.owned, strings.TrimPrefix(name, "core.")) {
		b.need[fmt.Sprintf("%d.%s.tenant_id", now.id, alias)] = name
	}
	return last
}

// equate resolves the block's equations, unless an OR makes them mere possibilities.
func (b *binding) equate(now *block) {
	for _, e := range now.pending {
		left, right := now.resolve(e[0]), now.resolve(e[1])
		if left == "" || right == "" || now.or {
			continue
		}
		b.equal[left] = append(b.equal[left], right)
		b.equal[right] = append(b.equal[right], left)
	}
}

// before and after are the operands of the = at i: alias.column, column, or an argument.
func (b *binding) before(i int) string {
	if i >= 3 && b.at(i-2) == "." {
		return b.at(i-3) + "." + b.at(i-1)
	}
	return b.at(i - 1)
}

func (b *binding) after(i int) string {
	if b.at(i+2) == "." {
		return b.at(i+1) + "." + b.at(i+3)
	}
	return b.at(i + 1)
}

// resolve names an operand unambiguously.
func (now *block) resolve(operand string) string {
	if strings.HasPrefix(operand, "$") {
		return operand
	}
	alias, column, qualified := strings.Cut(operand, ".")
	if !qualified {
		if len(now.aliases) != 1 {
			return ""
		}
		for only := range now.aliases {
			return fmt.Sprintf("%d.%s.%s", now.id, only, operand)
		}
	}
	for at := now; at != nil; at = at.outer {
		if _, ok := at.aliases[alias]; ok {
			return fmt.Sprintf("%d.%s.%s", at.id, alias, column)
		}
	}
	return ""
}

// bound reports whether the column equals an argument that is the tenant.
func (b *binding) bound(column string, seen map[string]bool) bool {
	seen[column] = true
	for _, other := range b.equal[column] {
		if strings.HasPrefix(other, "$") && b.isTenant(other) || !seen[other] && b.bound(other, seen) {
			return true
		}
	}
	return false
}

func (b *binding) isTenant(parameter string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(parameter, "$"))
	return err == nil && n <= len(b.args) && b.tenant != uuid.Nil && fmt.Sprint(b.args[n-1]) == b.tenant.String()
}

// insert looks at INSERT INTO schema.table (columns) VALUES (…), (…).
func (b *binding) insert() error {
	name := "core." + b.at(2)
	if b.at(3) == "." {
		name = b.at(2) + "." + b.at(4)
	}
	if !slices.Contains(b.owned, strings.TrimPrefix(name, "core.")) {
		return nil
	}
	var lists [][]string
	for i := 3; i < len(b.tokens) && !b.is(i, "returning", "on"); i++ {
		switch b.at(i) {
		case "(":
			lists = append(lists, nil)
		case ")", ",":
		default:
			if len(lists) > 0 && !b.is(i, "values") {
				lists[len(lists)-1] = append(lists[len(lists)-1], b.at(i))
			}
		}
	}
	if len(lists) < 2 {
		return fmt.Errorf("an insert into %s without values", name)
	}
	column := slices.Index(lists[0], "tenant_id")
	for _, row := range lists[1:] {
		if column < 0 || column >= len(row) || !b.isTenant(row[column]) {
			return fmt.Errorf("a row of %s is written without its tenant", name)
		}
	}
	return nil
}

// TestBindsTenant plants statements of each kind with and without their tenant.
func TestBindsTenant(t *testing.T) {
	t.Parallel()
	tenant, foreign := uuid.New(), uuid.New()
	owned := []string{"users", "roles", "user_roles"}
	for _, c := range []struct {
		sql  string
		args []any
		want bool
	}{
		{`SELECT "users"."id" FROM "core"."users" WHERE "users"."id" = $1 AND "users"."tenant_id" = $2 LIMIT 2`, []any{foreign, tenant}, true},
		{`SELECT "users"."id" FROM "core"."users" WHERE "users"."id" = $1 AND "users"."tenant_id" = $2 LIMIT 2`, []any{tenant, foreign}, false},
		{`SELECT "users"."id" FROM "core"."users" WHERE "users"."id" = $1 LIMIT 2`, []any{tenant}, false},
		{`SELECT "users"."id" FROM "core"."users" WHERE "users"."id" = $1 OR "users"."tenant_id" = $2`, []any{foreign, tenant}, false},
		{`SELECT "users"."id" FROM "core"."users" WHERE ("users"."id" = $1 OR "users"."tenant_id" = $2)`, []any{foreign, tenant}, false},
		{`SELECT "users"."id" FROM "core"."users" WHERE ("users"."id" = $1 OR "users"."id" = $3) AND "users"."tenant_id" = $2`, []any{foreign, tenant, foreign}, true},
		{`SELECT "users"."id", "users"."copy", "users"."from" FROM "core"."users" WHERE "users"."or" = $1 AND "users"."tenant_id" = $2`, []any{foreign, tenant}, true},
		{`SELECT "users"."id", "users"."set" FROM "core"."users" WHERE "users"."where" = $1`, []any{foreign}, false},
		{`INSERT INTO "core"."users" ("id", "on", "values", "tenant_id") VALUES ($1, $2, $3, $4)`, []any{foreign, 1, 2, tenant}, true},
		{`INSERT INTO "core"."users" ("id", "on", "values", "tenant_id") VALUES ($1, $2, $3, $4)`, []any{tenant, 1, 2, foreign}, false},
		{`SELECT 1 FROM core.users WHERE ("id" = $1 AND "tenant_id" = $2) AND "deleted_at" IS NULL ORDER BY id`, []any{foreign, tenant}, true},
		{`SELECT 1 FROM core.users WHERE (("id" = $1 AND "tenant_id" = $2) AND "deleted_at" IS NULL) AND "a" = $1`, []any{foreign, tenant}, true},
		{`SELECT 1 FROM core.users WHERE (("id" = $1 AND "tenant_id" = $2) OR "deleted_at" IS NULL) AND "a" = $1`, []any{foreign, tenant}, false},
		{`SELECT 1 FROM core.users WHERE ("id" = $1 AND "tenant_id" = $2) OR "deleted_at" IS NULL`, []any{foreign, tenant}, false},
		{`SELECT 1 FROM core.users WHERE ("id" = $1 AND ("tenant_id" = $2 OR "id" = $1))`, []any{foreign, tenant}, false},
		{`SELECT 1 FROM core.users WHERE ("id" = $1 AND "tenant_id" = $2) IS NOT TRUE`, []any{foreign, tenant}, false},
		{`SELECT 1 FROM core.users WHERE coalesce("tenant_id" = $1, true)`, []any{tenant}, false},
		{`SELECT 1 FROM core.users WHERE (NOT ("tenant_id" = $1))`, []any{tenant}, false},
		{`SELECT 1 FROM core.users WHERE NOT ("id" = $2 AND "tenant_id" = $1)`, []any{tenant, foreign}, false},
		{`SELECT count(*) FROM core.users`, nil, false},
		{`SELECT count(*) FROM core.tenants`, nil, true},
		{`SELECT 1 FROM core.users u WHERE u.tenant_id = $1 AND u.id IN (SELECT g.user_id FROM core.user_roles g WHERE g.role_id = $2)`, []any{tenant, foreign}, false},
		{`SELECT 1 FROM core.users u WHERE u.tenant_id = $1 AND u.id IN (SELECT g.user_id FROM core.user_roles g WHERE g.tenant_id = u.tenant_id)`, []any{tenant}, true},
		{`SELECT 1 FROM core.users u JOIN core.roles r ON r.id = u.id WHERE u.tenant_id = $1`, []any{tenant}, false},
		{`SELECT 1 FROM core.users u JOIN core.roles r ON r.tenant_id = u.tenant_id WHERE u.tenant_id = $1`, []any{tenant}, true},
		{`SELECT 1 FROM core.users u, core.roles r WHERE u.tenant_id = $1`, []any{tenant}, false},
		{`SELECT 1 FROM core.tenants t LEFT JOIN core.users u ON u.tenant_id = t.id WHERE t.id = $1`, []any{tenant}, true},
		{`SELECT 1 FROM core.tenants t LEFT JOIN core.users u ON u.tenant_id = t.id WHERE t.slug = $1`, []any{tenant}, false},
		{`SELECT u.id FROM core.users u WHERE u.tenant_id = $1 UNION SELECT u.id FROM core.users u WHERE u.manager_id = $1`, []any{tenant}, false},
		{`SELECT u.id FROM core.users u WHERE u.tenant_id = $1 UNION SELECT u.id FROM core.users u WHERE u.tenant_id = $1`, []any{tenant}, true},
		{`UPDATE "core"."users" SET "display_name" = $1 WHERE "users"."id" = $2 AND "users"."tenant_id" = $3`, []any{"x", foreign, tenant}, true},
		{`UPDATE "core"."users" SET "display_name" = $1 WHERE "id" = $2 AND "tenant_id" = $3`, []any{"x", foreign, tenant}, true},
		{`UPDATE "core"."users" SET "display_name" = $1 WHERE "id" = $2`, []any{"x", tenant}, false},
		{`UPDATE "core"."users" SET "display_name" = $1, "tenant_id" = $2 WHERE "id" = $3`, []any{"x", tenant, foreign}, false},
		{`UPDATE "core"."users" SET "tenant_id" = $1 WHERE "id" = $2 AND "tenant_id" = $1`, []any{tenant, foreign}, true},
		{`SELECT id FROM core.users WHERE tenant_id = $1 AND manager_id IS NOT NULL FOR NO KEY UPDATE`, []any{tenant}, true},
		{`SELECT id FROM core.users WHERE tenant_id = $1 FOR UPDATE`, []any{tenant}, true},
		{`SELECT count(*) FROM users`, nil, false},
		{`SELECT count(*) FROM users WHERE tenant_id = $1`, []any{tenant}, true},
		{`SELECT 1 FROM core.tenants t JOIN "roles" ON true WHERE t.id = $1`, []any{tenant}, false},
		{`SELECT 1 FROM core.users WHERE NOT tenant_id = $1`, []any{tenant}, false},
		{`WITH a AS (INSERT INTO core.users (id) VALUES ($1) RETURNING id) SELECT id FROM a`, []any{tenant}, false},
		{`TRUNCATE core.users`, nil, false},
		{`INSERT INTO users ("id") VALUES ($1)`, []any{tenant}, false},
		{`INSERT INTO users ("id", "tenant_id") VALUES ($1, $2)`, []any{foreign, tenant}, true},
		{`DELETE FROM "core"."users" WHERE "users"."id" = $1`, []any{tenant}, false},
		{`DELETE FROM "core"."users" WHERE "users"."tenant_id" = $1`, []any{tenant}, true},
		{`INSERT INTO "core"."users" ("id", "tenant_id") VALUES ($1, $2), ($3, $4) RETURNING "id"`, []any{foreign, tenant, foreign, tenant}, true},
		{`INSERT INTO "core"."users" ("id", "tenant_id") VALUES ($1, $2), ($3, $4) RETURNING "id"`, []any{foreign, tenant, tenant, foreign}, false},
		{`INSERT INTO "core"."users" ("id") VALUES ($1)`, []any{tenant}, false},
	} {
		if err := bindsTenant(c.sql, c.args, owned, tenant); (err == nil) != c.want {
			t.Errorf("got %v, want bound %v: %s", err, c.want, c.sql)
		}
	}
	if err := bindsTenant(`SELECT 1 FROM core.users WHERE tenant_id = $1`, []any{uuid.Nil}, owned, uuid.Nil); err == nil {
		t.Error("outside of a tenant: got no error")
	}
}
