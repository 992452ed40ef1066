package planner

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// An index serves until what takes its place is there, whatever that is called, up and down.
func TestIndexesOverlap(t *testing.T) {
	t.Parallel()
	const roleIndex = `CREATE INDEX "user_roles_tenant_id_role_id_idx" ON "core"."user_roles" ("tenant_id", "role_id");`
	const note = `"note" text NULL,`
	for name, test := range map[string]struct {
		before, after func(base string) string
		order         []string // statements, as they must follow each other
	}{
		"a unique one under another name": {
			after: replaced(roleIndex, `CREATE UNIQUE INDEX "user_roles_tenant_id_role_id_key" ON "core"."user_roles" ("tenant_id", "role_id", "user_id");`),
			order: []string{`CREATE UNIQUE INDEX CONCURRENTLY "user_roles_tenant_id_role_id_key"`, `DROP INDEX CONCURRENTLY "core"."user_roles_tenant_id_role_id_idx"`},
		},
		"one of some rows beside the whole one": {
			before: replaced(roleIndex, `CREATE INDEX "user_roles_partial" ON "core"."user_roles" ("tenant_id", "role_id") WHERE "user_id" IS NOT NULL;`),
			after:  func(base string) string { return base },
			order:  []string{`CREATE INDEX CONCURRENTLY "user_roles_tenant_id_role_id_idx"`, `DROP INDEX CONCURRENTLY "core"."user_roles_partial"`},
		},
		"two that swap names": {
			before: func(base string) string {
				return base + `CREATE INDEX "one" ON "core"."users" ("tenant_id", "note"); CREATE INDEX "two" ON "core"."roles" ("tenant_id", "name", "id");`
			},
			after: func(base string) string {
				return base + `CREATE INDEX "two" ON "core"."users" ("tenant_id", "note", "email"); CREATE INDEX "one" ON "core"."roles" ("tenant_id", "id", "name");`
			},
			order: []string{`CREATE INDEX CONCURRENTLY "next_one" ON "core"."roles"`, `DROP INDEX CONCURRENTLY "core"."one"`, `ALTER INDEX "core"."next_one" RENAME TO "one"`},
		},
		"a column that goes with its index": {
			before: replaced(note, note+` "rank" bigint NULL,`, roleIndex, roleIndex+`CREATE INDEX "users_note_rank" ON "core"."users" ("tenant_id", "note", "rank");`),
			after:  replaced(roleIndex, roleIndex+`CREATE INDEX "users_note" ON "core"."users" ("tenant_id", "note");`),
			order:  []string{`CREATE INDEX CONCURRENTLY "users_note"`, `DROP COLUMN "rank"`},
		},
		"a column that is in a predicate, an expression or included": {
			before: replaced(note, note+` "rank" bigint NULL,`, roleIndex, roleIndex+`CREATE INDEX "users_some" ON "core"."users" ("tenant_id", "note") WHERE "rank" > 0;
CREATE INDEX "users_sum" ON "core"."users" ("tenant_id", (coalesce("rank", 0))); CREATE INDEX "users_with" ON "core"."users" ("tenant_id", "status") INCLUDE ("rank");`),
			after: func(base string) string { return base },
			order: []string{`DROP COLUMN "rank"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			if test.before != nil {
				p.edit(test.before)
				p.write(p.plan("before"))
			}
			p.edit(test.after)
			plan := p.plan("after")
			mustFollow(t, plan.Up(), test.order)
			if !strings.Contains(test.order[0], "DROP COLUMN") {
				// Undone, each comes back before its successor goes.
				down := slices.Clone(test.order)
				slices.Reverse(down)
				mustFollow(t, plan.Down(), undone(down))
			}
			p.write(plan)
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			p.sameSchema(report)
		})
	}
}

// replaced changes the base state.
func replaced(pairs ...string) func(base string) string {
	return func(base string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(base, pairs[i]) {
				panic("not in the base: " + pairs[i])
			}
			base = strings.Replace(base, pairs[i], pairs[i+1], 1)
		}
		return base
	}
}

// undone are the reverses of statements, as far as they begin.
func undone(statements []string) []string {
	var out []string
	for _, s := range statements {
		_, name, _ := strings.Cut(s, `"`)
		switch {
		case strings.HasPrefix(s, "CREATE"):
			name, _, _ = strings.Cut(name, `"`)
			out = append(out, `DROP INDEX CONCURRENTLY "core"."`+name+`"`)
		case strings.HasPrefix(s, "DROP INDEX"):
			out = append(out, `INDEX CONCURRENTLY `+s[strings.LastIndex(s, ".")+1:])
		}
	}
	return out
}

func mustFollow(t *testing.T, sql string, statements []string) {
	t.Helper()
	rest := sql
	for _, s := range statements {
		_, after, ok := strings.Cut(rest, s)
		if !ok {
			t.Errorf("%s does not come, or comes too early, in\n%s", s, sql)
			return
		}
		rest = after
	}
}

// Every kind of index that the DDL writer writes is built on a table in use as it is declared, and is no difference afterwards.
func TestIndexKinds(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string {
		return base + `CREATE INDEX "k_gin" ON "core"."roles" USING GIN ("permissions");
CREATE INDEX "k_class" ON "core"."users" ("tenant_id", "note" text_pattern_ops);
CREATE INDEX "k_hash" ON "core"."users" USING HASH ("note");
CREATE INDEX "k_brin" ON "core"."users" USING BRIN ("id", "note");
CREATE INDEX "k_desc" ON "core"."users" ("tenant_id", "status", "note" DESC);
CREATE INDEX "k_include" ON "core"."users" ("tenant_id", "status") INCLUDE ("note");
CREATE UNIQUE INDEX "k_some" ON "core"."user_roles" ("tenant_id", "role_id", "user_id") WHERE "user_id" IS NOT NULL;
CREATE UNIQUE INDEX "k_lower" ON "core"."users" ("tenant_id", (lower("email"::text)));
`
	})
	plan := p.plan("add_indexes")
	wantWords(t, "up", plan.Up(), []string{`USING gin`, `text_pattern_ops`, `USING hash`, `USING brin`, `DESC`, `INCLUDE ("note")`, `WHERE (user_id IS NOT NULL)`, `lower`})
	p.write(plan)
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	p.sameSchema(report)
	wantProblems(t, report)
	if _, err := New(t.Context(), p.Options, "again"); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v, want nothing left to plan", err)
	}
}
