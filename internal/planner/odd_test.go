package planner

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// odd is a change of one table, things, that is in use. Its rows are a, b, … by their ids.
type odd struct {
	before, after string // columns and constraints
	sql           [2]string
	sets          []string // what each row has in the columns: `a = 'x'`
	backfill      map[string]string
	renames       []Rename
	up            []string
	codes         []string // of the proof's problems
	read          string   // of things, before and after it is undone
	was, now      string
	back          string   // after it is undone, where not as before
	stays         string   // why it cannot be undone
	says          []string // it is refused, with these words
}

func thingsTable(columns, sql string) string {
	return `CREATE TABLE "core"."things" ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, ` + columns + `, PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "things_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON DELETE NO ACTION);` + "\n" + sql
}

// Changes that were found to fail, or to lose something, are planned, proven, applied to rows and undone; or they are refused with
// what to do, and nothing is written.
func TestOddPlans(t *testing.T) {
	t.Parallel()
	const long = "the_first_column_with_quite_a_long_name_of_its_own_that_is_"
	days := `"a" date NOT NULL, "b" date NOT NULL, CONSTRAINT "things_order" CHECK ("a" < "b")`
	for name, test := range map[string]odd{
		"a column that is called as the row": {before: `"t" text NULL`, after: `"t" character varying(300) NULL`, sets: []string{"t = 'x'"}, read: "t", was: "x", now: "x"},
		"columns that are called as variables": {
			before: `"block" text NULL, "step" bigint NULL, "keys" text NULL, "broken" bigint NULL`,
			after:  `"block" text NOT NULL, "step" bigint NOT NULL, "keys" text NULL, "broken" bigint NULL, CONSTRAINT "things_keys_limit" CHECK (char_length("keys") < 999), CONSTRAINT "things_broken_limit" CHECK ("broken" < 999999)`,
			sets:   []string{"keys = 'x'"}, read: "concat_ws(' ', block, step, keys)", was: "x", now: " 0 x", back: " 0 x",
		},
		"names that are cut alike": {
			before: `"` + long + `1" text NULL, "` + long + `2" text NULL`, after: `"` + long + `1" text NOT NULL, "` + long + `2" text NOT NULL`,
			sql:  [2]string{`CREATE INDEX "` + long + `1" ON "core"."things" ("tenant_id", "` + long + `1"); CREATE INDEX "` + long + `2" ON "core"."things" ("tenant_id", "` + long + `2");`, `CREATE INDEX "` + long + `1" ON "core"."things" ("tenant_id", "` + long + `2", "id"); CREATE INDEX "` + long + `2" ON "core"."things" ("tenant_id", "` + long + `1", "id");`},
			sets: []string{long + "1 = 'x'"}, read: "concat_ws(' ', " + long + "1, " + long + "2)", was: "x", now: "x ", back: "x ",
		},
		"a text that becomes a number": {
			before: `"a" text NOT NULL DEFAULT 'none'`, after: `"a" bigint NOT NULL DEFAULT 4`, backfill: map[string]string{"things.a": "length(a)"},
			up:   []string{`TYPE bigint USING length(a)`, "-- lockstep:allow data-loss --backfill things.a says what becomes of the values"},
			sets: []string{"a = 'four'"}, read: "a::text", was: "four", now: "4", back: "4",
		},
		"a text that becomes a number, unsaid": {
			before: `"a" text NOT NULL`, after: `"a" bigint NOT NULL`,
			says: []string{"`--backfill things.a=\"SQL expression\"`, of the column as it was", "contract.Sample(…)"},
		},
		"a text that becomes a number, with samples": {
			before: `"a" text NOT NULL`, after: `"a" bigint NOT NULL`, sql: [2]string{"", "-- lockstep:sample things {\"a\": \"12\"}\n"},
			sets: []string{"a = '7'"}, read: "a::text", was: "7", now: "7",
		},
		"a shorter text": {
			before: `"a" character varying(200) NOT NULL`, after: `"a" character varying(5) NOT NULL`, backfill: map[string]string{"things.a": "left(a, 5)"},
			sets: []string{"a = 'abcdefgh'"}, read: "a", was: "abcdefgh", now: "abcde", back: "abcde",
		},
		"a number that becomes a truth": {
			before: `"a" bigint NOT NULL`, after: `"a" boolean NOT NULL`, backfill: map[string]string{"things.a": "a <> 0"},
			sets: []string{"a = 5"}, read: "a::text", was: "5", now: "true", back: "1",
		},
		"a number that becomes a truth, unsaid": {
			before: `"a" bigint NOT NULL`, after: `"a" boolean NOT NULL`, says: []string{"column things.a from bigint to boolean", "`--backfill things.a=\"SQL expression\"`", "add a new column"},
		},
		"a text that becomes JSON":   {before: `"a" text NULL`, after: `"a" jsonb NULL`, sets: []string{"a = 'x \"y\"'", "a = NULL"}, read: "a::text", was: `x "y"`, now: `"x \"y\""`},
		"JSON that becomes text":     {before: `"a" jsonb NULL`, after: `"a" text NULL`, sets: []string{`a = '{"x": "y"}'`, `a = '"y"'`}, read: "a::text", was: `{"x": "y"},"y"`, now: `{"x": "y"},"y"`},
		"a text that becomes bytes":  {before: `"a" text NULL`, after: `"a" bytea NULL`, sets: []string{`a = 'a\b'`}, read: "a::text", was: `a\b`, now: `\x615c62`},
		"bytes that become text":     {before: `"a" bytea NULL`, after: `"a" text NULL`, sets: []string{`a = '\x6869'`}, read: "a::text", was: `\x6869`, now: `\x6869`},
		"a text that becomes a list": {before: `"a" text NULL`, after: `"a" text[] NULL`, sets: []string{`a = 'x,y'`, "a = NULL"}, read: "a::text", was: `x,y`, now: `{"x,y"}`},
		"a list that becomes a text": {before: `"a" text[] NULL`, after: `"a" text NULL`, sets: []string{`a = '{x,y}'`}, read: "a::text", was: `{x,y}`, now: `{x,y}`},
		"a column that another is computed from": {
			before: `"a" integer NULL, "u" bigint GENERATED ALWAYS AS ("a" * 2) STORED`, after: `"a" bigint NULL, "u" bigint GENERATED ALWAYS AS ("a" * 2) STORED`,
			sql: [2]string{`CREATE INDEX "things_u" ON "core"."things" ("tenant_id", "u");`, `CREATE INDEX "things_u" ON "core"."things" ("tenant_id", "u");`},
			up:  []string{`DROP COLUMN "u"`, `ALTER COLUMN "a" TYPE bigint`, `ADD COLUMN "u"`, `CREATE INDEX CONCURRENTLY "things_u"`}, sets: []string{"a = 4"}, read: "concat_ws(' ', a, u)", was: "4 8", now: "4 8",
		},
		"a column that another was computed from goes": {
			before: `"a" text NULL, "c" text NULL, "u" text GENERATED ALWAYS AS (upper("a")) STORED`, after: `"c" text NULL, "u" text GENERATED ALWAYS AS (upper("c")) STORED`,
			sets: []string{"c = 'x'"}, read: "concat_ws(' ', c, u)", was: "x", now: "x X", codes: []string{"data_loss"},
		},
		"a value of an enumeration that others take the place of": {
			before: `"k" character varying NOT NULL, CONSTRAINT "things_k_check" CHECK ("k"::text IN ('a', 'b'))`, after: `"k" character varying NOT NULL, CONSTRAINT "things_k_check" CHECK ("k"::text IN ('d', 'b'))`,
			backfill: map[string]string{"things.k": "'d'"}, sets: []string{"k = 'a'", "k = 'b'"}, read: "k", was: "a,b", now: "d,b", stays: "values that --backfill gives break things_k_check of things",
		},
		"a value that goes beside what nothing undoes": {
			before:   `"a" bigint NOT NULL, "k" character varying NOT NULL, CONSTRAINT "things_k_check" CHECK ("k"::text IN ('a', 'b'))`,
			after:    `"a" timestamptz NOT NULL, "k" character varying NOT NULL, CONSTRAINT "things_k_check" CHECK ("k"::text IN ('b'))`,
			backfill: map[string]string{"things.k": "'b'", "things.a": "to_timestamp(a)"}, sets: []string{"a = 0, k = 'a'"}, read: "k", was: "a", now: "b", stays: "no cast brings the values over: column things.a",
		},
		"a value of an enumeration that goes": {
			before: `"k" character varying NOT NULL, CONSTRAINT "things_k_check" CHECK ("k"::text IN ('a', 'b'))`, after: `"k" character varying NOT NULL, CONSTRAINT "things_k_check" CHECK ("k"::text IN ('b'))`,
			backfill: map[string]string{"things.k": "'b'"}, sets: []string{"k = 'a'", "k = 'b'"}, read: "k", was: "a,b", now: "b,b", back: "b,b",
		},
		"a function that reads a renamed column": {
			before: `"a" text NULL`, after: `"b" text NULL`, renames: []Rename{{"things", "a", "b"}},
			sql:  [2]string{`CREATE FUNCTION core.f() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(a) FROM core.things $$;`, `CREATE FUNCTION core.f() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(b) FROM core.things $$;`},
			sets: []string{"a = 'x'"}, read: "core.f()::text", was: "1", now: "1",
		},
		"statistics on a column that goes": {
			before: `"a" text NULL, "b" text NULL`, after: `"b" text NULL`, sql: [2]string{`CREATE STATISTICS core.things_ab ON a, b FROM core.things;`, ""},
			sets: []string{"b = 'x'"}, read: "b", was: "x", now: "x", codes: []string{"data_loss"},
		},
		"statistics on columns of another order": {
			before: `"b" text NULL`, after: `"a" text NULL, "b" text NULL`, sql: [2]string{"", `CREATE STATISTICS core.things_ab ON a, b FROM core.things;`},
			sets: []string{"b = 'x'"}, read: "b", was: "x", now: "x",
		},
		"an exclusion that generated rows break": {
			before: days, after: days, sql: [2]string{"", `CREATE EXTENSION IF NOT EXISTS btree_gist; ALTER TABLE core.things ADD CONSTRAINT things_x EXCLUDE USING gist (tenant_id WITH =, daterange(a, b) WITH &&);`},
			sets: []string{"a = '2024-01-01', b = '2024-02-01'"}, read: "a::text", was: "2024-01-01", now: "2024-01-01",
		},
		"an index that no plan makes": {
			before: `"a" text NULL`, after: `"a" text NULL`, sql: [2]string{"", `CREATE INDEX "things_a" ON "core"."things" ("tenant_id", "a" COLLATE "C");`},
			says: []string{`index core.things_a: got`, `want`, `COLLATE "C"`, "by hand"},
		},
		"an index that no plan changes": {
			before: `"a" text NULL`, after: `"a" text NULL`, sql: [2]string{`CREATE INDEX "things_a" ON "core"."things" ("tenant_id", "a");`, `CREATE INDEX "things_a" ON "core"."things" ("tenant_id", "a" COLLATE "C");`},
			says: []string{"except where no plan does", "index core.things_a: got", "by hand"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(func(base string) string { return base + thingsTable(test.before, test.sql[0]) })
			p.write(p.plan("before"))
			rows := ""
			for i, set := range test.sets {
				id := fmt.Sprintf("00000000-0000-0000-0000-%012d", i+1)
				var columns, values []string
				for _, pair := range strings.Split(set, ", ") {
					column, value, _ := strings.Cut(pair, " = ")
					columns, values = append(columns, column), append(values, value)
				}
				rows += fmt.Sprintf("INSERT INTO core.things (tenant_id, id, %s) VALUES ('00000000-0000-0000-0000-00000000000a', '%s', %s);", strings.Join(columns, ", "), id, strings.Join(values, ", "))
			}
			url := p.withRows(rows)
			last := p.plannedLast()
			p.edit(func(base string) string { return base + thingsTable(test.after, test.sql[1]) })
			p.Backfill, p.Renames = test.backfill, test.renames
			before := len(p.files())
			plan, err := New(t.Context(), p.Options, "after")
			if test.says != nil {
				if err == nil {
					t.Fatalf("got\n%s\nwant it refused", plan.Up())
				}
				wantWords(t, "the refusal", err.Error(), test.says)
				if len(p.files()) != before {
					t.Errorf("got files %v", p.files())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantWords(t, "up", plan.Up(), test.up)
			p.write(plan)
			p.Backfill, p.Renames = nil, nil
			if _, err := New(t.Context(), p.Options, "again"); !errors.Is(err, ErrNothing) {
				t.Errorf("planning again got %v, want nothing to do", err)
			}
			p.After = last
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			wantProblems(t, report, test.codes...)
			read := "SELECT coalesce(string_agg(" + test.read + ", ',' ORDER BY id), '') FROM core.things"
			if got := text(t, url, read); got != test.was {
				t.Errorf("got rows %q, want %q", got, test.was)
			}
			p.apply(url)
			if got := text(t, url, read); got != test.now {
				t.Errorf("after: got rows %q, want %q by\n%s", got, test.now, plan.Up())
			}
			if test.stays != "" {
				dir, err := p.read()
				if err != nil {
					t.Fatal(err)
				}
				_, err = migrate.Down(t.Context(), migrate.Options{Read: dir, URL: url}, below(dir, plan.Files[0].Version))
				if err == nil || !strings.Contains(err.Error(), test.stays) {
					t.Errorf("undoing: got %v, want %q", err, test.stays)
				}
				if got := text(t, url, read); got != test.now {
					t.Errorf("not undone: got rows %q, want %q", got, test.now)
				}
				return
			}
			p.undo(url, plan)
			want := test.was
			if test.back != "" {
				want = test.back
			}
			if got := text(t, url, read); got != want {
				t.Errorf("undone: got rows %q, want %q by\n%s", got, want, plan.Down())
			}
		})
	}
}
