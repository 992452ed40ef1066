package planner

import (
	"os"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// apply runs the project's migrations, up to its newest, on a database of real rows.
func (p *project) apply(url string) {
	p.t.Helper()
	if _, err := migrate.Up(p.t.Context(), migrate.Options{Dir: os.DirFS(p.Migrations), URL: url}); err != nil {
		p.t.Fatalf("apply the migrations to rows: %v", err)
	}
}

// withRows returns a database at the project's present version in which the statements made rows.
func (p *project) withRows(statements string) string {
	p.t.Helper()
	url := dbtest.Empty(p.t).OwnerURL
	p.apply(url)
	execute(p.t, url, `INSERT INTO core.tenants (id, slug) VALUES ('00000000-0000-0000-0000-00000000000a', 'a');`+statements)
	return url
}

func execute(t testing.TB, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// text is one value that a query yields, as text.
func text(t testing.TB, url, sql string) string {
	t.Helper()
	var out string
	if err := connect(t, url).QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// user is a row of users of the base state.
func user(id, email, rest string) string {
	columns, values := "", ""
	for _, pair := range strings.Fields(rest) {
		column, value, _ := strings.Cut(pair, "=")
		columns, values = columns+", "+column, values+", "+value
	}
	return "INSERT INTO core.users (tenant_id, id, email" + columns + ") VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000" +
		id + "', '" + email + "'" + values + ");"
}

const fenced = `"note" text NULL,`

// Several columns of one table are filled at once: a row that lacks two values, or breaks two CHECKs, cannot be written with one
// of them mended. What --backfill replaces is allowed by the plan, so that the next verify lets it pass.
func TestBackfillsOfOneTable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		column, columns, constraints string
		rows                         string
		backfill                     map[string]string
		read, want                   string
	}{
		"two CHECKs": {
			column:      `"score" bigint NOT NULL DEFAULT 0, "grade" text NULL,`,
			constraints: `CONSTRAINT "users_score_check" CHECK ("score" > 0), CONSTRAINT "users_grade_check" CHECK ("grade" IN ('a', 'b')),`,
			rows:        user("01", "x", "score=-1 grade='z'") + user("02", "y", "score=5 grade='z'") + user("03", "z", "score=7 grade='a'"),
			backfill:    map[string]string{"users.score": "1", "users.grade": "'b'"},
			read:        "SELECT string_agg(concat_ws(' ', email, score, grade), ', ' ORDER BY email) FROM core.users", want: "x 1 b, y 5 b, z 7 a",
		},
		"a column that becomes required, and a CHECK": {
			column: `"score" bigint NULL, "grade" text NULL,`, columns: `"score" bigint NOT NULL, "grade" text NULL,`,
			constraints: `CONSTRAINT "users_grade_check" CHECK ("grade" IN ('a', 'b')),`,
			rows:        user("01", "x", "grade='z'") + user("02", "y", "score=5"),
			backfill:    map[string]string{"users.score": "1", "users.grade": "'b'"},
			read:        "SELECT string_agg(concat_ws(' ', email, score, grade), ', ' ORDER BY email) FROM core.users", want: "x 1 b, y 5",
		},
		"one that names another": {
			column: `"score" bigint NULL,`, columns: `"score" bigint NOT NULL, "twice" bigint NOT NULL, "told" text NOT NULL,`,
			rows:     user("01", "x", "") + user("02", "y", "score=5"),
			backfill: map[string]string{"users.score": "1", "users.twice": "2 * score", "users.told": "twice"},
			read:     "SELECT string_agg(concat_ws(' ', email, score, twice, told), ', ' ORDER BY email) FROM core.users", want: "x 1 2 2, y 5 10 10",
		},
		"a CHECK of two columns": {
			column:      `"low" bigint NOT NULL DEFAULT 0, "high" bigint NOT NULL DEFAULT 0,`,
			constraints: `CONSTRAINT "users_order_check" CHECK ("low" <= "high"),`,
			rows:        user("01", "x", "low=9 high=3") + user("02", "y", "low=1 high=2"),
			backfill:    map[string]string{"users.low": "high", "users.high": "low"},
			read:        "SELECT string_agg(concat_ws(' ', email, low, high), ', ' ORDER BY email) FROM core.users", want: "x 3 9, y 1 2",
		},
		"two CHECKs of one column": {
			column:      `"score" bigint NOT NULL DEFAULT 0,`,
			constraints: `CONSTRAINT "users_low_check" CHECK ("score" > 0), CONSTRAINT "users_high_check" CHECK ("score" < 100),`,
			rows:        user("01", "x", "score=-1") + user("02", "y", "score=500") + user("03", "z", "score=7"),
			backfill:    map[string]string{"users.score": "50"},
			read:        "SELECT string_agg(concat_ws(' ', email, score), ', ' ORDER BY email) FROM core.users", want: "x 50, y 50, z 7",
		},
		"beside a limit that rows are over": {
			column: fenced, columns: fenced + `"alias" text NOT NULL,`,
			constraints: `CONSTRAINT "users_note_limit" CHECK (char_length("note") <= 3),`,
			rows:        user("01", "x", "note='toolong'"),
			backfill:    map[string]string{"users.alias": "email"},
			read:        "SELECT string_agg(concat_ws(' ', email, note, alias), ', ') FROM core.users", want: "x toolong x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			state := func(columns, constraints string) func(string) string {
				return func(base string) string {
					if columns != fenced && !strings.HasPrefix(columns, fenced) {
						columns = fenced + " " + columns
					}
					return strings.Replace(base, fenced, columns+"\n  "+constraints, 1)
				}
			}
			if test.columns == "" {
				test.columns = test.column
			}
			p.edit(state(test.column, ""))
			if test.column != fenced {
				p.write(p.plan("add_columns"))
			}
			url := p.withRows(test.rows)
			p.edit(state(test.columns, test.constraints))
			p.Backfill = test.backfill
			p.write(p.plan("restrict"))
			p.apply(url)
			if got := text(t, url, test.read); got != test.want {
				t.Errorf("got rows %s, want %s", got, test.want)
			}
			p.After = initial.plan.Files[0].Version
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			p.sameSchema(report)
			wantProblems(t, report)
		})
	}
}

// Rows in the way are answered with the flag that helps, column and all.
func TestHintsNameTheColumn(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string {
		return strings.Replace(base, fenced, fenced+` CONSTRAINT "users_note_check" CHECK ("note" ~ '^[A-Z]{40}$'),`, 1)
	})
	_, err := New(t.Context(), p.Options, "restrict")
	if err == nil || !strings.Contains(err.Error(), "`--backfill users.note=\"SQL expression\"`") {
		t.Errorf("got %v, want the flag with its column", err)
	}
	p.edit(func(base string) string { return base })
	p.put("20990101000000_x.sql", "ALTER TABLE core.users ADD CONSTRAINT users_check CHECK (note ~ '^[A-Z]{40}$' AND email <> note);\n")
	p.put("down/20990101000000_x.sql", "ALTER TABLE core.users DROP CONSTRAINT users_check;\n")
	p.edit(func(base string) string {
		return strings.Replace(base, fenced, fenced+` CONSTRAINT "users_check" CHECK ("note" ~ '^[A-Z]{40}$' AND "email" <> "note"),`, 1)
	})
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report, "apply")
	wantWords(t, "problem", report.Problems[0].Message, []string{"`--backfill users.email=\"SQL expression\"` or `--backfill users.note=\"SQL expression\"`"})
}
