package planner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// Whatever tool applies a plan, at whatever place, times become what UTC has: at New York 2024-03-02T02:14:15Z is of the day
// before, and 03/04/2024 is in March or in April.
func TestTimesAreConvertedAsUTC(t *testing.T) {
	t.Parallel()
	const note = `"note" text NULL,`
	for _, test := range []struct{ from, to, value, want, back string }{
		{"timestamptz", "date", "2024-03-02T02:14:15Z", "2024-03-02", "2024-03-02 00:00:00+00"},
		{"date", "timestamptz", "2024-03-02", "2024-03-02 00:00:00+00", "2024-03-02"},
		{"timestamptz", "timestamp", "2024-03-02T02:14:15Z", "2024-03-02 02:14:15", "2024-03-02 02:14:15+00"},
		{"timestamptz(3)", "timestamp(0)", "2024-03-02T02:14:15.25Z", "2024-03-02 02:14:15", "2024-03-02 02:14:15+00"},
		{"timestamp", "timestamptz", "2024-03-02T02:14:15", "2024-03-02 02:14:15+00", "2024-03-02 02:14:15"},
		{"timestamptz", "time", "2024-03-02T02:14:15Z", "02:14:15", ""},
		{"timestamptz", "timetz", "2024-03-02T02:14:15Z", "02:14:15+00", ""},
		{"time", "timetz", "02:14:15", "02:14:15+00", "02:14:15"},
		{"timestamptz", "text", "2024-03-02T02:14:15Z", "2024-03-02 02:14:15+00", "2024-03-02 02:14:15+00"},
		{"timestamp", "text", "2024-03-02T02:14:15", "2024-03-02 02:14:15", "2024-03-02 02:14:15"},
		{"date", "text", "2024-03-02", "2024-03-02", "2024-03-02"},
		{"interval", "text", "1 day 2 hours", "1 day 02:00:00", "1 day 02:00:00"},
		{"timestamptz", "jsonb", "2024-03-02T02:14:15Z", `"2024-03-02T02:14:15+00:00"`, ""},
		{"timestamptz[]", "date[]", "{2024-03-02T02:14:15Z}", "{2024-03-02}", `{"2024-03-02 00:00:00+00"}`},
		{"timestamptz[]", "text[]", "{2024-03-02T02:14:15Z}", `{"2024-03-02 02:14:15+00"}`, `{"2024-03-02 02:14:15+00"}`},
	} {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(replaced(note, note+` "x" `+test.from+` NULL,`))
			p.write(p.plan("add_x"))
			url := p.withRows(user("01", "x", "") + "UPDATE core.users SET x = '" + test.value + "'")
			p.edit(replaced(note, note+` "x" `+test.to+` NULL,`))
			plan := p.plan("change")
			p.write(plan)
			read := "SELECT x::text FROM core.users"
			atNewYork(t, url, plan.Files[0].Up)
			if got := text(t, url+"&timezone=UTC&datestyle=ISO", read); got != test.want {
				t.Errorf("got %s, want %s by\n%s", got, test.want, plan.Up())
			}
			if test.back == "" {
				return
			}
			atNewYork(t, url, plan.Files[0].Down)
			if got := text(t, url+"&timezone=UTC&datestyle=ISO", read); got != test.back {
				t.Errorf("undone: got %s, want %s by\n%s", got, test.back, plan.Down())
			}
		})
	}
}

// atNewYork applies a file as a tool does that sets nothing, to a server that is set otherwise.
func atNewYork(t *testing.T, url, sql string) {
	t.Helper()
	execute(t, url+"&timezone=America/New_York&datestyle=SQL,%20DMY&intervalstyle=sql_standard", "BEGIN; "+sql+" COMMIT;")
}

// What a migration makes of rows under other settings than the runner's is tried, and told where it differs.
func TestProofsRunElsewhereToo(t *testing.T) {
	t.Parallel()
	add := func(p *project, up, down string) {
		p.edit(replaced(`"note" text NULL,`, `"note" text NULL, "seen_at" timestamptz NULL, "day" date NULL, "told" text NULL,`))
		p.write(p.plan("add_times"))
		p.put("20990101000000_x.sql", up)
		p.put("down/20990101000000_x.sql", down)
	}
	for name, test := range map[string]struct {
		up   string
		says string // empty: nothing
	}{
		"a day of a time":                  {"UPDATE core.users SET day = seen_at::date;\n", "users.day"},
		"a day of a time at UTC":           {"UPDATE core.users SET day = (seen_at AT TIME ZONE 'UTC')::date;\n", ""},
		"a time as text":                   {"UPDATE core.users SET told = seen_at::text;\n", "users.told"},
		"a text as day":                    {"UPDATE core.users SET day = '03/04/2024'::date;\n", "users.day"},
		"in batches":                       {"-- atlas:txmode none\n\nDO $$ BEGIN\n  UPDATE core.users SET day = seen_at::date;\n  COMMIT;\nEND $$;\n", "users.day"},
		"which rows go":                    {"DELETE FROM core.user_roles; DELETE FROM core.users WHERE seen_at::date = '2024-03-02';\n", "rows of users"},
		"a type":                           {"ALTER TABLE core.users ADD COLUMN other date; UPDATE core.users SET other = seen_at;\n", "users.other"},
		"other every time":                 {"UPDATE core.users SET told = gen_random_uuid()::text;\n", ""},
		"the clock":                        {"UPDATE core.users SET day = current_date;\n", ""},
		"what fails there":                 {"UPDATE core.users SET day = '03/14/2024'::date;\n", "it fails there"},
		"allowed":                          {"-- lockstep:allow time-zone the offices are all at one place\nUPDATE core.users SET day = seen_at::date;\n", ""},
		"a zone that the file itself sets": {"SET LOCAL timezone = 'Asia/Tokyo';\nUPDATE core.users SET day = seen_at::date;\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			down := "-- lockstep:irreversible rows\n"
			add(p, test.up, down)
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, problem := range report.Problems {
				if problem.Code == "time_zone" {
					said = append(said, problem.Message)
				}
			}
			if test.says == "" && len(said) > 0 || test.says != "" && !strings.Contains(strings.Join(said, ""), test.says) {
				t.Errorf("got %q, want it to say %q", said, test.says)
			}
		})
	}
}

// A backfill that depends on the session is refused when it is planned, not by the next verify.
func TestBackfillsNameTheirZone(t *testing.T) {
	t.Parallel()
	const note = `"note" text NULL,`
	p := newProject(t)
	p.edit(replaced(note, note+` "seen_at" timestamptz NOT NULL DEFAULT '2024-03-02T02:14:15Z',`))
	p.write(p.plan("add_seen_at"))
	p.edit(replaced(note, note+` "seen_at" timestamptz NOT NULL DEFAULT '2024-03-02T02:14:15Z', "day" date NOT NULL,`))
	p.Backfill = map[string]string{"users.day": "seen_at::date"}
	if _, err := New(t.Context(), p.Options, "add_day"); err == nil || !strings.Contains(err.Error(), "AT TIME ZONE 'UTC'") || !strings.Contains(err.Error(), "users.day") {
		t.Errorf("got %v, want the column named, and what to write", err)
	}
	p.Backfill["users.day"] = "(seen_at AT TIME ZONE 'UTC')::date"
	p.write(p.plan("add_day"))
	if _, err := migrate.Read(os.DirFS(filepath.Clean(p.Migrations))); err != nil {
		t.Error(err)
	}
}
