package planner

import (
	"fmt"
	"strings"
	"testing"
)

// Each is the body of a table that takes rows, although no value of its types will do.
var solvable = map[string]string{
	"range":                     `a int NOT NULL CHECK (a BETWEEN 100 AND 105)`,
	"open range":                `a numeric(5,2) NOT NULL CHECK (a > 99.5 AND a < 99.6)`,
	"negative":                  `a int NOT NULL CHECK (a <= -40)`,
	"multiple":                  `a int NOT NULL CHECK (a % 15 = 0 AND a > 0)`,
	"large":                     `a bigint NOT NULL CHECK (a > 9007199254740993)`,
	"double":                    `a float8 NOT NULL CHECK (a > 0.1 AND a < 0.3)`,
	"real":                      `a real NOT NULL CHECK (a > 5 AND a <= 6)`,
	"values":                    `a int NOT NULL CHECK (a IN (7, 14, 30))`,
	"order of numbers":          `low int NOT NULL, high int NOT NULL, CHECK (high > low)`,
	"order of times":            `starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, CHECK (ends_at > starts_at)`,
	"order of three dates":      `a date NOT NULL, b date NOT NULL, c date NOT NULL, CHECK (a < b), CHECK (b < c)`,
	"hour apart":                `a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (b >= a + interval '1 hour' AND b < a + interval '2 years')`,
	"order of times of day":     `opens time NOT NULL, closes time NOT NULL, CHECK (closes > opens)`,
	"after a day":               `a timestamptz NOT NULL CHECK (a >= '2030-05-05 00:00:00+00')`,
	"before a day":              `a date NOT NULL CHECK (a < '1950-01-01')`,
	"sum":                       `a int NOT NULL, b int NOT NULL, CHECK (a + b = 100)`,
	"percentages":               `net numeric(12,2) NOT NULL, tax numeric(12,2) NOT NULL, gross numeric(12,2) NOT NULL, CHECK (gross = net + tax)`,
	"one of two":                `a int, b int, CHECK (num_nonnulls(a, b) = 1)`,
	"needed when":               `kind text NOT NULL CHECK (kind IN ('bank', 'card')), iban text, CHECK (kind <> 'bank' OR iban IS NOT NULL)`,
	"state and time":            `status text NOT NULL CHECK (status IN ('draft', 'sent')), sent_at timestamptz, CHECK ((status = 'sent') = (sent_at IS NOT NULL))`,
	"different":                 `a text NOT NULL, b text NOT NULL, CHECK (a <> b)`,
	"length":                    `a text NOT NULL CHECK (char_length(a) = 22)`,
	"length between":            `a varchar(64) NOT NULL CHECK (char_length(a) >= 60)`,
	"unique length":             `a char(2) NOT NULL UNIQUE CHECK (a = upper(a))`,
	"pattern":                   `a text NOT NULL UNIQUE CHECK (a ~ '^[A-Z]{3}-[0-9]{4}$')`,
	"pattern without case":      `a text NOT NULL CHECK (a ~* '^inv/\d{2}/[a-f0-9]+$')`,
	"not a pattern":             `a text NOT NULL CHECK (a !~ '[^a-z]' AND char_length(a) > 0)`,
	"alternatives":              `a text NOT NULL CHECK (a ~ '^(mon|tue|wed)day$')`,
	"pattern and length":        `a text NOT NULL CHECK (a ~ '^[0-9]+$' AND length(a) = 13)`,
	"slug":                      `a text NOT NULL UNIQUE CHECK (a ~ '^[a-z0-9]+(-[a-z0-9]+)*$'), CHECK (char_length(a) >= 2)`,
	"iban":                      `a text NOT NULL CHECK (a ~ '^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$')`,
	"word boundary":             `a text NOT NULL CHECK (a ~ '\mfoo\M')`,
	"like":                      `a text NOT NULL CHECK (a LIKE 'INV-%')`,
	"not like":                  `a text NOT NULL CHECK (a NOT LIKE '% %')`,
	"similar to":                `a text NOT NULL CHECK (a SIMILAR TO '(a|b)[0-9]%')`,
	"regexp_match":              `a text NOT NULL CHECK (regexp_match(a, '^\d{3}\.\d{3}$') IS NOT NULL)`,
	"starts with":               `a text NOT NULL CHECK (starts_with(a, 'sk_live_'))`,
	"trimmed":                   `a text NOT NULL CHECK (a = btrim(a) AND a <> '')`,
	"lower":                     `a text NOT NULL UNIQUE CHECK (a = lower(a))`,
	"currency":                  `a char(3) NOT NULL CHECK (a = ANY (ARRAY['EUR', 'USD']))`,
	"quoted value":              `a text NOT NULL CHECK (a IN ('it''s', 'x,y'))`,
	"number in a text":          `a text NOT NULL CHECK (a::int > 500)`,
	"bytes":                     `a bytea NOT NULL CHECK (octet_length(a) = 32)`,
	"bytes at least":            `a bytea NOT NULL UNIQUE CHECK (length(a) >= 16)`,
	"bytes that begin":          `a bytea NOT NULL CHECK (substring(a FROM 1 FOR 2) = '\xffd8')`,
	"interval":                  `a interval NOT NULL CHECK (a >= interval '15 minutes' AND a < interval '4 hours')`,
	"family of inet":            `a inet NOT NULL CHECK (family(a) = 6)`,
	"network":                   `a cidr NOT NULL CHECK (masklen(a) BETWEEN 8 AND 16)`,
	"within a network":          `a inet NOT NULL CHECK (a << inet '192.168.0.0/16')`,
	"kind of JSON":              `a jsonb NOT NULL CHECK (jsonb_typeof(a) = 'array')`,
	"key of JSON":               `a jsonb NOT NULL CHECK (a ? 'version')`,
	"value in JSON":             `a jsonb NOT NULL CHECK (jsonb_typeof(a -> 'kind') = 'string')`,
	"length of an array":        `a text[] NOT NULL CHECK (cardinality(a) BETWEEN 2 AND 4)`,
	"members of an array":       `a text[] NOT NULL CHECK (a <@ ARRAY['x', 'y'] AND cardinality(a) > 0)`,
	"numbers in an array":       `a int[] NOT NULL CHECK (5 = ANY (a))`,
	"range type":                `a int4range NOT NULL CHECK (NOT isempty(a) AND upper(a) - lower(a) = 1)`,
	"range of times":            `a tstzrange NOT NULL, CHECK (NOT lower_inf(a) AND NOT upper_inf(a))`,
	"bits":                      `a bit(3) NOT NULL CHECK (a <> B'000')`,
	"varying bits":              `a bit varying(8) NOT NULL`,
	"boolean":                   `a boolean NOT NULL CHECK (a)`,
	"implication":               `a boolean NOT NULL, b boolean NOT NULL, CHECK (a OR b), CHECK (NOT (a AND b))`,
	"domain":                    `a core.zip NOT NULL`,
	"unusual types":             `a macaddr8 NOT NULL, b pg_lsn NOT NULL, c box NOT NULL, d circle NOT NULL, e daterange NOT NULL, f tsquery NOT NULL, g int4multirange NOT NULL`,
	"odd names":                 `"Starts At" timestamptz NOT NULL, "end" timestamptz NOT NULL, CHECK ("end" > "Starts At")`,
	"no overlap":                `a tstzrange NOT NULL, EXCLUDE USING gist (a WITH &&)`,
	"a tree that is never null": `parent int NOT NULL, FOREIGN KEY (parent) REFERENCES core.T (id)`,
	"computed":                  `a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) STORED, CHECK (b > 500)`,
	"computed and another":      `a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) STORED, c int NOT NULL, CHECK (b > c AND c > 500)`,
	"function":                  `a text NOT NULL CHECK (core.valid(a))`,
	"function of several lines": `a text NOT NULL CHECK (core.checked(a))`,
	"made of others":            `a text NOT NULL, b text NOT NULL, c text NOT NULL, CHECK (c = a || '-' || b)`,
	"ends like another":         `path text NOT NULL, name text NOT NULL, CHECK (path LIKE '%/' || name)`,
	"a week apart":              `a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (b - a = interval '7 days')`,
	"year":                      `a date NOT NULL CHECK (extract(year FROM a) = 2020)`,
	"position":                  `a text NOT NULL CHECK (position('/' IN a) = 4)`,
	"part":                      `a text NOT NULL CHECK (split_part(a, '@', 2) = 'example.org')`,
	"beginning and length":      `a text NOT NULL CHECK (left(a, 4) = 'cus_' AND length(a) = 18)`,
	"small":                     `a real NOT NULL CHECK (a <> 0 AND a > -1e-3 AND a < 1e-3)`,
	"path in JSON":              `a jsonb NOT NULL CHECK ((a #>> '{address,city}') IS NOT NULL)`,
	"JSON path":                 `a jsonb NOT NULL CHECK (a @? '$.items[*] ? (@.n > 0)')`,
	"domain over a domain":      `a core.code NOT NULL`,
	"not its own parent":        `parent int REFERENCES core.T (id), CHECK (parent <> id)`,
}

func TestSolve(t *testing.T) {
	t.Parallel()
	d := emptyDatabase(t)
	ddl := "CREATE SCHEMA core; CREATE DOMAIN core.zip AS text CHECK (VALUE ~ '^\\d{5}$'); CREATE DOMAIN core.code AS core.zip CHECK (VALUE LIKE '9%');" +
		`CREATE FUNCTION core.valid(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 ~ '^[A-Z]{3}[0-9]{3}$' $$;
CREATE FUNCTION core.checked(v text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF length(v) <> 11 THEN RETURN false; END IF; RETURN v ~ '^[0-9]+$'; END $$;`
	names := map[string]string{}
	for name, body := range solvable {
		table := fmt.Sprintf("t%02d", len(names))
		names[name] = table
		ddl += strings.ReplaceAll(fmt.Sprintf("\nCREATE TABLE core.T (id int PRIMARY KEY, %s);", body), "core.T", "core."+table)
	}
	if err := d.write(t.Context(), ddl); err != nil {
		t.Fatal(err)
	}
	if err := d.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, table := range names {
		n, err := d.count(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		if n < 2 {
			t.Errorf("%s: got %d rows, %s; want several in (%s)", name, n, d.bare[table], solvable[name])
		}
	}
}

// References that go round in a circle are closed by the ones that may be null, whatever the tables are called.
func TestSolveCircles(t *testing.T) {
	t.Parallel()
	d := emptyDatabase(t)
	err := d.write(t.Context(), `CREATE SCHEMA core;
CREATE TABLE core.departments (id int PRIMARY KEY, head int); CREATE TABLE core.employees (id int PRIMARY KEY, department int NOT NULL REFERENCES core.departments);
ALTER TABLE core.departments ADD FOREIGN KEY (head) REFERENCES core.employees;
CREATE TABLE core.z (id int PRIMARY KEY, a int NOT NULL); CREATE TABLE core.y (id int PRIMARY KEY, z int REFERENCES core.z); CREATE TABLE core.a (id int PRIMARY KEY, y int NOT NULL REFERENCES core.y);
ALTER TABLE core.z ADD FOREIGN KEY (a) REFERENCES core.a;
CREATE TABLE core.parts (at date NOT NULL, k text NOT NULL, PRIMARY KEY (at, k)) PARTITION BY RANGE (at);
CREATE TABLE core.parts_1999 PARTITION OF core.parts FOR VALUES FROM ('1999-01-01') TO ('2000-01-01');`)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"core.departments WHERE head IS NOT NULL", "core.departments WHERE head IS NULL", "core.employees", "core.y WHERE z IS NOT NULL", "core.z", "core.a", "core.parts"} {
		var n int
		if err := d.conn.QueryRow(t.Context(), "SELECT count(*) FROM "+query).Scan(&n); err != nil || n == 0 {
			t.Errorf("%s: got %d rows, %v", query, n, err)
		}
	}
	if len(d.bare) > 0 {
		t.Errorf("got none in %v", d.bare)
	}
}

func emptyDatabase(t *testing.T) *database {
	t.Helper()
	p := emptyProject(t)
	d, err := open(t.Context(), p.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// A table that takes nothing that is made up is a problem, until the schema has a sample or a migration a reason.
func TestUnproven(t *testing.T) {
	t.Parallel()
	const table = `CREATE TABLE "core"."accounts" ("id" uuid NOT NULL, "number" text NOT NULL, "digest" text NULL, PRIMARY KEY ("id"), CONSTRAINT "accounts_check" CHECK (md5("number") = '25d55ad283aa400af464c76d713c07ad'));`
	for _, test := range []struct{ name, schema, allow, code string }{
		{"nothing", "", "", "unproven"},
		{"a sample", `-- lockstep:sample accounts {"number":"12345678"}` + "\n", "", ""},
		{"a sample that is refused too", `-- lockstep:sample accounts {"number":"1"}` + "\n", "", "unproven"},
		{"a reason", "", "-- lockstep:allow unproven:accounts the numbers are the bank's\n", ""},
		{"a reason for another table", "", "-- lockstep:allow unproven:users the numbers are the bank's\n", "unproven"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(func(base string) string { return test.schema + base + table })
			plan := p.plan("add_accounts")
			p.write(plan)
			if test.allow != "" {
				p.put(plan.Files[0].Name, test.allow+plan.Files[0].Up)
			}
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if test.code != "" {
				want = []string{test.code}
			}
			wantProblems(t, report, want...)
			for _, problem := range report.Problems {
				if problem.Code == "unproven" {
					wantWords(t, "the problem", problem.Message, []string{"core.accounts", "nothing is proven", "number", "contract.Sample", "-- lockstep:allow unproven:accounts reason"})
				}
			}
		})
	}
}

// A strict CHECK on a table with rows: theirs are changed when somebody says how, or not at all when they are said to comply.
func TestComplies(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"note" text NULL, CONSTRAINT "users_email_check" CHECK ("email" ~ '^[a-z]+@corp\.example$'),`, 1)
	})
	if _, err := New(t.Context(), p.Options, "check_email"); err == nil || !strings.Contains(err.Error(), "--complies users_email_check") {
		t.Fatalf("got %v, want both ways named", err)
	}
	p.Complies = []string{"users_email_check"}
	plan := p.plan("check_email")
	if strings.Contains(plan.Up(), "UPDATE") || len(plan.Files) != 2 {
		t.Errorf("got %d files, want two that change no row:\n%s", len(plan.Files), plan.Up())
	}
	wantWords(t, "up", plan.Up(), []string{"NOT VALID", `VALIDATE CONSTRAINT "users_email_check"`})
	wantWords(t, "the warnings", strings.Join(plan.Warnings, "\n"), []string{"users_email_check", "fails where one does not"})
	p.write(plan)
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report)
	p.Complies = []string{"users_other_check"}
	p.edit(func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"note" text NULL, "x" int NULL,`, 1)
	})
	if _, err := New(t.Context(), p.Options, "other"); err == nil || !strings.Contains(err.Error(), "no CHECK of this name") {
		t.Errorf("got %v, want the unknown name refused", err)
	}
}
