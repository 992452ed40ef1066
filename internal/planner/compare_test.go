package planner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each change is compared with the base state as a release built for it would meet it: what that release misses is named,
// and what it does not notice is not.
func TestCompare(t *testing.T) {
	t.Parallel()
	const note = `"note" text NULL,`
	for _, test := range []struct{ name, old, new, says string }{
		{"new optional column", note, note + ` "age" bigint NULL,`, ""},
		{"new column with a default", note, note + ` "age" bigint NOT NULL DEFAULT 0,`, ""},
		{"new generated column", note, note + ` "shout" text NOT NULL GENERATED ALWAYS AS (upper("status"::text)) STORED,`, ""},
		{"wider column", `"name" character varying(255)`, `"name" character varying(300)`, ""},
		{"unlimited column", `"name" character varying(255)`, `"name" text`, ""},
		{"required becomes optional", `"email" character varying(255) NOT NULL`, `"email" character varying(255) NULL`, ""},
		{"more values", `'inactive')`, `'inactive', 'invited')`, ""},
		{"new table", `CREATE TABLE "core"."roles"`, globalThings + `CREATE TABLE "core"."roles"`, ""},
		{"dropped column", note, ``, "the released version reads column core.users.note, which these migrations drop or rename"},
		{"renamed column", note, `"remark" text NULL,`, "the released version reads column core.users.note, which these migrations drop or rename"},
		{"other type", note, `"note" bytea NULL,`, "expects column core.users.note to be text, and these migrations make it bytea"},
		{"narrower column", `"name" character varying(255)`, `"name" character varying(100)`, "expects column core.roles.name to be character varying(255), and these migrations make it character varying(100)"},
		{"limited column", note, `"note" character varying(9) NULL,`, "expects column core.users.note to be text"},
		{"optional becomes required", note, `"note" text NOT NULL DEFAULT '',`, "may write null into column core.users.note, which these migrations forbid"},
		{"new required column", note, note + ` "age" bigint NOT NULL,`, "does not write column core.users.age, which these migrations require without a default"},
		{"fewer values", `'active', 'inactive'`, `'active'`, "may write 'inactive' into column core.users.status, which these migrations forbid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := emptyProject(t)
			released := p.released()
			p.edit(func(base string) string {
				if !strings.Contains(base, test.old) {
					t.Fatalf("not in the base: %s", test.old)
				}
				return strings.Replace(base, test.old, test.new, 1)
			})
			got := p.compared(released)
			if test.says == "" && len(got.Missed) > 0 || test.says != "" && (len(got.Missed) != 1 || !strings.Contains(got.Missed[0], test.says)) {
				t.Errorf("got %q, want %q", got.Missed, test.says)
			}
		})
	}
}

func TestCompareDroppedTable(t *testing.T) {
	t.Parallel()
	p := emptyProject(t)
	released := p.released()
	p.edit(func(base string) string { return base[:strings.Index(base, `CREATE TABLE "core"."user_roles"`)] })
	got := p.compared(released)
	if want := "reads table core.user_roles, which these migrations drop or rename"; len(got.Missed) != 1 || !strings.Contains(got.Missed[0], want) {
		t.Errorf("got %q, want %q", got.Missed, want)
	}
	if !strings.Contains(got.Diagram, `user_roles["user_roles (dropped)"]`) {
		t.Errorf("got diagram\n%s\nwant the dropped table in it", got.Diagram)
	}
}

// The diagram holds the tables that change, each column with what happens to it, and their references.
func TestDiagram(t *testing.T) {
	t.Parallel()
	p := emptyProject(t)
	released := p.released()
	p.edit(func(base string) string {
		return strings.NewReplacer(
			`"note" text NULL,`, `"remark" text NULL, "age" bigint NOT NULL DEFAULT 0,`,
			`"email" character varying(255) NOT NULL,`, `"email" character varying(300) NULL,`,
			`DEFAULT 'active'`, `DEFAULT 'inactive'`,
		).Replace(base) + projectTable
	})
	const want = `erDiagram
  projects["projects (new)"] {
    uuid tenant_id PK
    uuid id PK
    character_varying_255 name
    uuid owner_id FK
    uuid parent_id FK
  }
  users["users"] {
    uuid tenant_id PK
    uuid id PK
    character_varying_300 email "was character varying(255)"
    character_varying status "other default"
    text remark "added"
    bigint age "added"
    text note "dropped"
  }
  projects }o--|| users : "owner_id"
  projects }o--|| projects : "parent_id"
`
	if diff := cmp.Diff(want, p.compared(released).Diagram); diff != "" {
		t.Errorf("diagram (-want +got):\n%s", diff)
	}
	p.edit(func(base string) string { return base })
	if got := p.compared(released); got.Diagram != "" {
		t.Errorf("nothing changed: got diagram\n%s", got.Diagram)
	}
}

// released keeps the desired state as it is now, as the file a release was built for.
func (p *project) released() string {
	p.t.Helper()
	text, err := os.ReadFile(p.Schema)
	if err != nil {
		p.t.Fatal(err)
	}
	name := filepath.Join(p.t.TempDir(), "released.sql")
	if err := os.WriteFile(name, text, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return name
}

// compared makes the desired state the only migration and compares it with a released one: what counts is where the
// migrations lead, not how.
func (p *project) compared(released string) Comparison {
	p.t.Helper()
	text, err := os.ReadFile(p.Schema)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.MkdirAll(p.Migrations, 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.put("20990101000000_x.sql", string(text))
	got, err := Compare(p.t.Context(), p.Options, released)
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}
