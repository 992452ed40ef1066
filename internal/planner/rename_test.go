package planner

import (
	"os"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// declare adds directives as contract.RenamedFrom writes them.
func declare(renames ...string) string {
	text := ""
	for _, r := range renames {
		text += "-- lockstep:rename " + r + "\n"
	}
	return text
}

// Each declared rename is carried out, whatever becomes of the old name and whatever hangs on it: rows prove it, up, and down
// again. The next plan does not make it once more, though the declaration stays.
func TestDeclaredRenames(t *testing.T) {
	t.Parallel()
	const (
		note   = `"note" text NULL,`
		email  = `"email" character varying(255) NOT NULL,`
		unique = `CREATE UNIQUE INDEX "users_tenant_id_email_key" ON "core"."users" ("tenant_id", "email");`
		holder = `CONSTRAINT "user_roles_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "core"."users" ("tenant_id", "id") ON DELETE NO ACTION`
		role   = `INSERT INTO core.roles (tenant_id, id, name, permissions) VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000011', 'clerk', '{}');`
		grant  = `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id) VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000011');`
	)
	three := note + ` "b" text NULL, "c" text NULL,`
	for name, test := range map[string]struct {
		before, after  func(string) string
		renames        []string
		rows           string
		read           string // before and after the migration is undone
		was            string
		readAfter, now string
		circle         bool
	}{
		"old name used again": {
			after: replaced(note, note+` "remark" text NULL,`), renames: []string{"users.note=remark"},
			rows: user("01", "x", "note='kept'"), read: "SELECT note FROM core.users", was: "kept",
			readAfter: "SELECT concat_ws(' ', remark, note) FROM core.users", now: "kept",
		},
		"old name used again by another type": {
			after: replaced(note, `"note" bigint NOT NULL, "remark" text NULL,`), renames: []string{"users.note=remark"},
			rows: user("01", "x", "note='kept'"), read: "SELECT note FROM core.users", was: "kept",
			readAfter: "SELECT concat_ws(' ', remark, note) FROM core.users", now: "kept 0",
		},
		"old name used again, with a unique index and a comment": {
			after: replaced(email, `"mail" character varying(255) NOT NULL, "email" character varying(255) NULL,`,
				unique, unique+`CREATE UNIQUE INDEX "users_tenant_id_mail_key" ON "core"."users" ("tenant_id", "mail");`,
				`COMMENT ON COLUMN "core"."users"."email" IS 'E-mail address; unique in the tenant''s users.';`, `COMMENT ON COLUMN "core"."users"."mail" IS 'E-mail address; unique in the tenant''s users.';`),
			renames: []string{"users.email=mail"}, rows: user("01", "x", ""), read: "SELECT email FROM core.users", was: "x",
			readAfter: "SELECT concat_ws(' ', mail, email) FROM core.users", now: "x",
		},
		"old name used again, with a CHECK": {
			after: replaced(`"status" character varying NOT NULL DEFAULT 'active',`, `"state" character varying NOT NULL DEFAULT 'active', "status" character varying NOT NULL DEFAULT 'new',`,
				`CONSTRAINT "users_status_check" CHECK ("status"::text IN ('active', 'inactive'))`,
				`CONSTRAINT "users_state_check" CHECK ("state"::text IN ('active', 'inactive')), CONSTRAINT "users_status_check" CHECK ("status"::text IN ('new', 'old'))`),
			renames: []string{"users.status=state"}, rows: user("01", "x", "status='inactive'"), read: "SELECT status FROM core.users", was: "inactive",
			readAfter: "SELECT concat_ws(' ', state, status) FROM core.users", now: "inactive new",
		},
		"old name used again, with a foreign key": {
			after: replaced(`"user_id" uuid NOT NULL,`, `"holder_id" uuid NOT NULL, "user_id" uuid NULL,`,
				holder, strings.ReplaceAll(holder, "user_id", "holder_id")+", "+holder),
			renames: []string{"user_roles.user_id=holder_id"}, rows: user("01", "x", "") + role + grant,
			read: "SELECT right(user_id::text, 2) FROM core.user_roles", was: "01",
			readAfter: "SELECT concat_ws(' ', right(holder_id::text, 2), user_id) FROM core.user_roles", now: "01",
		},
		"two names swapped": {
			before: replaced(note, three), after: replaced(note, three), renames: []string{"users.note=b", "users.b=note"},
			rows: user("01", "x", "note='1' b='2'"), read: "SELECT concat_ws(' ', note, b) FROM core.users", was: "1 2",
			readAfter: "SELECT concat_ws(' ', note, b) FROM core.users", now: "2 1", circle: true,
		},
		"a circle of three, the other way round": {
			before: replaced(note, three), after: replaced(note, three), renames: []string{"users.note=b", "users.b=c", "users.c=note"},
			rows: user("01", "x", "note='1' b='2' c='3'"), read: "SELECT concat_ws(' ', note, b, c) FROM core.users", was: "1 2 3",
			readAfter: "SELECT concat_ws(' ', note, b, c) FROM core.users", now: "3 1 2", circle: true,
		},
		"two names swapped, with indexes, CHECKs and types": {
			before: replaced(note, note+` "size" bigint NOT NULL DEFAULT 1, CONSTRAINT "users_note_check" CHECK ("note" <> ''), CONSTRAINT "users_size_check" CHECK ("size" > 0),`,
				unique, unique+`CREATE INDEX "users_note" ON "core"."users" ("tenant_id", "note"); CREATE INDEX "users_size" ON "core"."users" ("tenant_id", "size");`),
			after: replaced(note, `"size" text NULL, "note" bigint NOT NULL DEFAULT 1, CONSTRAINT "users_size_check" CHECK ("size" <> ''), CONSTRAINT "users_note_check" CHECK ("note" > 0),`,
				unique, unique+`CREATE INDEX "users_note" ON "core"."users" ("tenant_id", "note"); CREATE INDEX "users_size" ON "core"."users" ("tenant_id", "size");`),
			renames: []string{"users.note=size", "users.size=note"}, rows: user("01", "x", "note='one' size=7"),
			read: "SELECT concat_ws(' ', note, size) FROM core.users", was: "one 7", readAfter: "SELECT concat_ws(' ', size, note) FROM core.users", now: "one 7", circle: true,
		},
		"a chain": {
			before: replaced(note, note+` "b" text NULL,`), after: replaced(note, `"b" text NULL, "c" text NULL,`), renames: []string{"users.note=b", "users.b=c"},
			rows: user("01", "x", "note='1' b='2'"), read: "SELECT concat_ws(' ', note, b) FROM core.users", was: "1 2",
			readAfter: "SELECT concat_ws(' ', b, c) FROM core.users", now: "1 2",
		},
		"a chain whose first name is used again": {
			before: replaced(note, note+` "b" text NULL,`), after: replaced(note, note+` "b" text NULL, "c" text NULL,`), renames: []string{"users.b=c", "users.note=b"},
			rows: user("01", "x", "note='1' b='2'"), read: "SELECT concat_ws(' ', note, b) FROM core.users", was: "1 2",
			readAfter: "SELECT concat_ws(' ', b, c, note) FROM core.users", now: "1 2",
		},
		"a table's name used again": {
			after: func(base string) string {
				return strings.ReplaceAll(base, "user_roles", "grants") + base[strings.Index(base, `CREATE TABLE "core"."user_roles"`):]
			},
			renames: []string{"user_roles=grants"}, rows: user("01", "x", "") + role + grant,
			read: "SELECT count(*)::text FROM core.user_roles", was: "1",
			readAfter: "SELECT concat_ws(' ', (SELECT count(*) FROM core.grants), (SELECT count(*) FROM core.user_roles))", now: "1 0",
		},
		"two tables swapped": {
			before: func(base string) string {
				return base + strings.ReplaceAll(base[strings.Index(base, `CREATE TABLE "core"."user_roles"`):], "user_roles", "old_roles")
			},
			after: func(base string) string {
				return base + strings.ReplaceAll(base[strings.Index(base, `CREATE TABLE "core"."user_roles"`):], "user_roles", "old_roles")
			},
			renames: []string{"user_roles=old_roles", "old_roles=user_roles"}, rows: user("01", "x", "") + role + grant,
			read: "SELECT count(*)::text FROM core.user_roles", was: "1",
			readAfter: "SELECT concat_ws(' ', (SELECT count(*) FROM core.old_roles), (SELECT count(*) FROM core.user_roles))", now: "1 0", circle: true,
		},
		"a table and its columns": {
			before: replaced(note, note+` "b" text NULL,`),
			after: func(base string) string {
				return strings.ReplaceAll(replaced(note, `"b" text NULL, "note" text NULL,`)(base), "users", "people")
			},
			renames: []string{"users=people", "people.note=b", "people.b=note"},
			rows:    user("01", "x", "note='1' b='2'"), read: "SELECT concat_ws(' ', note, b) FROM core.users", was: "1 2",
			readAfter: "SELECT concat_ws(' ', note, b) FROM core.people", now: "2 1", circle: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			if test.before != nil {
				p.edit(test.before)
				p.write(p.plan("before"))
			}
			url := p.withRows(test.rows)
			after := func(base string) string { return declare(test.renames...) + test.after(base) }
			p.edit(after)
			p.Now = at("20990101000000")
			plan := p.plan("rename")
			p.write(plan)
			p.apply(url)
			if got := text(t, url, test.readAfter); got != test.now {
				t.Errorf("got rows %q, want %q after\n%s", got, test.now, plan.Up())
			}
			p.After = initial.plan.Files[0].Version
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			p.sameSchema(report)
			wantProblems(t, report)

			// The declarations stay, and another change is planned.
			p.After = ""
			p.edit(func(base string) string {
				return after(base) + `CREATE TABLE "core"."more" ("code" text NOT NULL, PRIMARY KEY ("code"));`
			})
			next := p.plan("more")
			if strings.Contains(next.Up(), "RENAME") || test.circle != strings.Contains(strings.Join(next.Warnings, "\n"), "a migration has made these renames") {
				t.Errorf("the next plan says %q and\n%s", next.Warnings, next.Up())
			}
			p.undo(url, plan)
			if got := text(t, url, test.read); got != test.was {
				t.Errorf("undone: got rows %q, want %q", got, test.was)
			}
		})
	}
}

// What was declared and can neither be made nor was made is refused: values would be lost.
func TestDeclaredRenamesThatCannotBe(t *testing.T) {
	t.Parallel()
	const note = `"note" text NULL,`
	for name, test := range map[string]struct {
		before, after func(string) string
		renames       []string
		says          string
	}{
		"both are there, and the old one goes": {replaced(note, note+` "b" text NULL,`), replaced(note, `"b" text NULL,`), []string{"users.note=b"}, "column users.b is declared to have been renamed from note, and both are there"},
		"both are there, and stay":             {replaced(note, note+` "b" text NULL,`), replaced(note, note+` "b" text NULL,`), []string{"users.note=b"}, "Take contract.RenamedFrom away"},
		"one goes on as two":                   {nil, replaced(note, `"b" text NULL, "c" text NULL,`), []string{"users.note=b", "users.note=c"}, "one name cannot go on under two"},
		"from its own name":                    {nil, func(base string) string { return base }, []string{"users.note=note"}, "from its own name"},
		"tables that are both there, and one goes": {func(base string) string { return base + projectTable }, func(base string) string {
			return strings.Replace(base, base[strings.Index(base, `CREATE TABLE "core"."user_roles"`):], "", 1) + projectTable
		}, []string{"user_roles=projects"}, "table projects is declared to have been renamed from user_roles"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			if test.before != nil {
				p.edit(test.before)
				p.write(p.plan("before"))
			}
			p.edit(func(base string) string { return declare(test.renames...) + test.after(base) })
			if plan, err := New(t.Context(), p.Options, "rename"); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %+v and %v, want it refused with %q", plan, err, test.says)
			}
		})
	}
}

// A checkpoint says which renames the files it stands for made, under the tables' present names: no later plan makes a swap once
// more, or takes one for made whose column or table was dropped since.
func TestRenamesOfFilesThatWent(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	const note = `"note" text NULL,`
	swapped := replaced(note, note+` "b" text NULL,`)
	p.edit(swapped)
	p.write(p.plan("before"))
	p.edit(func(base string) string { return declare("users.note=b", "users.b=note") + swapped(base) })
	p.write(p.plan("swap"))
	people := func(base string) string {
		return declare("users=people", "people.note=b", "people.b=note", "user_roles=grants") + strings.ReplaceAll(strings.ReplaceAll(swapped(base), "users", "people"), "user_roles", "grants")
	}
	p.edit(people)
	p.write(p.plan("rename"))
	p.edit(func(base string) string {
		base = people(base)
		return base[:strings.Index(base, `CREATE TABLE "core"."grants"`)]
	})
	p.write(p.plan("drop"))
	for range 2 { // the second one stands for the first
		p.checkpoint()
		if dir, err := p.read(); err != nil || sayRenamed(renamed(dir)) != "-- lockstep:renamed people.note=b\n-- lockstep:renamed people.b=note\n-- lockstep:renamed users=people\n" {
			t.Errorf("got %q and %v, want the three renames of what is there", sayRenamed(renamed(dir)), err)
		}
		if plan, err := New(t.Context(), p.Options, "again"); err == nil || !strings.Contains(err.Error(), "nothing to do") {
			t.Errorf("got %+v and %v, want nothing to do", plan, err)
		}
		p.put("20990101000000_more.sql", "SELECT 1;\n")
		p.put("down/20990101000000_more.sql", "SELECT 1;\n")
	}
}

// checkpoint replaces all migrations.
func (p *project) checkpoint() {
	p.t.Helper()
	c, err := NewCheckpoint(p.t.Context(), p.Options, CheckpointOptions{Release: "v1.0.0"})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := WriteCheckpoint(p.Options, c); err != nil {
		p.t.Fatal(err)
	}
}

// A column that was dropped and came again was not renamed by what renamed the one before.
func TestRenamesOfWhatWasDropped(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, want string }{
		"kept":                  {`ALTER TABLE core.t RENAME a TO b;`, "t.a=b"},
		"of a table, if there":  {`ALTER TABLE IF EXISTS "core"."t" RENAME TO "u";`, "t=u"},
		"another column":        {`ALTER TABLE core.t RENAME a TO b; ALTER TABLE core.t DROP COLUMN a, ADD COLUMN c int;`, "t.a=b"},
		"dropped":               {`ALTER TABLE core.t RENAME a TO b; ALTER TABLE core.t ADD COLUMN c int, DROP COLUMN "b";`, ""},
		"dropped, if there":     {`ALTER TABLE core.t RENAME a TO b; ALTER TABLE ONLY core.t DROP COLUMN IF EXISTS b;`, ""},
		"of another table":      {`ALTER TABLE core.t RENAME a TO b; ALTER TABLE core.u DROP COLUMN b;`, "t.a=b"},
		"its table":             {`ALTER TABLE core.t RENAME a TO b; DROP TABLE core.t;`, ""},
		"the table that it was": {`ALTER TABLE core.s RENAME TO t; DROP TABLE IF EXISTS "core"."t" CASCADE;`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := historyOf(t, "CREATE SCHEMA core;", test.sql)
			dir, err := p.read()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSpace(strings.ReplaceAll(sayRenamed(renamed(dir)), "-- lockstep:renamed ", ""))
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// undo takes a database back to before a plan.
func (p *project) undo(url string, plan *Plan) {
	p.t.Helper()
	dir, err := migrate.Read(os.DirFS(p.Migrations))
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := migrate.Down(p.t.Context(), migrate.Options{Read: dir, URL: url}, below(dir, plan.Files[0].Version)); err != nil {
		p.t.Fatal(err)
	}
}
