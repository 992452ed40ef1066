package sqlfile

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

const (
	word      = `"?([A-Za-z_][\w$]*)"?`
	qualified = `(?:"?` + pgcatalog.Schema + `"?\.)` + word
)

// form is a statement that can be declared. Groups of its expression are the object's name and, where table is set, the table's.
type form struct {
	kind        Kind
	like        *regexp.Regexp
	name, table int
}

func like(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?is)^(?:` + strings.NewReplacer("WORD", word, "NAME", qualified, " ", `\s+`).Replace(pattern) + `)`)
}

var forms = []form{
	{Extension, like(`create extension (?:if not exists )?"?([\w-]+)"?\s*$`), 1, 0},
	{Function, like(`create (?:or replace )?function NAME\s*\(`), 1, 0},
	{Procedure, like(`create (?:or replace )?procedure NAME\s*\(`), 1, 0},
	{View, like(`create (?:or replace )?view NAME[\s(]`), 1, 0},
	{MaterializedView, like(`create materialized view NAME[\s(]`), 1, 0},
	{Trigger, like(`create (?:or replace )?(?:constraint )?trigger WORD .*?\son NAME\s`), 1, 2},
	{Statistics, like(`create statistics NAME[\s(].*\sfrom NAME\s*$`), 1, 2},
	{Index, like(`create (?:unique )?index WORD on (?:only )?NAME[\s(]`), 1, 2},
	{Column, like(`alter table (?:only )?NAME add column WORD .*generated always as\s*\(`), 2, 1},
	{Constraint, like(`alter table (?:only )?NAME add constraint WORD (?:check|exclude)[\s(]`), 2, 1},
	{Comment, like(`comment on (?:function|procedure|view|materialized view|index|statistics) NAME.* is `), 1, 0},
	{Comment, like(`comment on column NAME\.WORD is `), 2, 1},
	{Comment, like(`comment on (?:constraint|trigger) WORD on NAME is `), 1, 2},
	{Grant, like(`grant execute on (?:function|procedure|routine) NAME\s*\(.*\)\s*to "?` + pgcatalog.AppRole + `"?\s*$`), 1, 0},
	{Grant, like(`grant select on (?:table )?NAME to "?` + pgcatalog.AppRole + `"?\s*$`), 1, 0},
}

// refusal is a statement that is known and cannot be declared.
type refusal struct {
	like *regexp.Regexp
	says string
}

// Refusals of what one of the forms would take come first, then those of what none does; the first that fits is said.
var (
	within = []refusal{
		{like(`create\s.*\ssecurity definer\b`), "SECURITY DEFINER runs as the owner, whom row-level security does not bind, so that it can read and write rows of every tenant: leave it out"},
		{like(`create (?:or replace )?(?:function|procedure)\s.*\sbegin atomic\b`), "older editions of the Atlas CLI cut BEGIN ATOMIC bodies into pieces: write the body as $$ … $$"},
		{like(`create (?:or replace )?(?:function|procedure)\s.*\slanguage '?(?:c|internal|\w*u)'?(?:\s|$)`), "functions outside SQL and the trusted languages can do anything the server's operating system user can: use LANGUAGE sql or plpgsql"},
		{like(`create (?:unique )?index concurrently\b`), "leave CONCURRENTLY out: the plan builds the index while the table is in use where that is needed"},
		{like(`alter table .*\svirtual\s*$`), "a VIRTUAL column exists from Postgres 18 on, and Atlas takes it for a STORED one: write STORED"},
		{like(`alter table .*\snot valid\s*$`), "leave NOT VALID out: the plan adds the constraint so, and checks the rows in a later file"},
	}
	outside = []refusal{
		{like(`create table .*\bpartition (?:by|of)\b`), "partitioned tables are not supported: partitions would be outside row-level security, and their indexes could not be built while they are in use; keep one table, whose key begins with the tenant (docs/scaling.md)"},
		{like(`alter table .*\b(?:attach|detach) partition\b`), "partitioned tables are not supported: keep one table, whose key begins with the tenant (docs/scaling.md)"},
		{like(`create (?:unlogged |temp |temporary |foreign )?table\b`), "declare an entity in ent/schema instead: its table gets keys, row-level security and grants"},
		{like(`create policy\b|alter policy\b|alter table .*\brow level security`), "row-level security is the planner's: it follows from the entity's mixin; who may see which rows within a tenant say contract.Allow and contract.VisibleWith"},
		{like(`alter table .*\badd constraint .*\bunique\b|alter table .*\badd unique\b`), "declare a unique index, index.Fields(…).Unique() or CREATE UNIQUE INDEX: it can be built while the table is in use"},
		{like(`alter table .*\bforeign key\b|alter table .*\breferences\b`), "declare an edge of the entity instead: its foreign key carries the tenant"},
		{like(`alter table .*\bprimary key\b`), "the primary key follows from the entity's mixin"},
		{like(`alter table .*\badd column\b`), "declare an ordinary column as a field of the entity; here stand generated ones, ADD COLUMN name type GENERATED ALWAYS AS (expression) STORED"},
		{like(`alter table\b`), "of tables, declare ADD COLUMN … GENERATED ALWAYS AS (…) STORED and ADD CONSTRAINT name CHECK or EXCLUDE, one per statement"},
		{like(`create type\b|create domain\b`), "declare a field instead: field.Enum for an enumeration, a CHECK on the field for a domain"},
		{like(`create sequence\b|alter sequence\b`), "a sequence spans tenants, so that its numbers tell what others do: count per tenant in a row of an entity"},
		{like(`create (?:or replace )?(?:aggregate|operator|cast|rule|event trigger|language|transform|collation|conversion|access method|text search|foreign|server|user mapping|publication|subscription)\b`), "objects of this kind are not compared with the database: let a migration written by hand make it, in a schema of its own"},
		{like(`create schema\b`), "all that is the application's lies in the schema " + pgcatalog.Schema},
		{like(`create (?:role|user|group|database|tablespace)\b|alter (?:role|user|database|system|default privileges)\b`), "it belongs to the server and not to the schema: see docs/operations.md"},
		{like(`grant\b`), "grant EXECUTE on a function or SELECT on a view, of the same files, to " + pgcatalog.AppRole + "; the planner grants what the application needs on tables, and nobody else needs anything"},
		{like(`revoke\b`), "there is nothing to revoke: only what is granted here is granted"},
		{like(`insert\b|update\b|delete\b|merge\b|copy\b|truncate\b|with\b|select\b`), "rows are no part of the desired state: write them in a migration"},
		{like(`drop\b`), "take the declaration away instead: the plan then drops the object"},
		{like(`do\b|set\b|reset\b|begin\b|commit\b|call\b|lock\b|vacuum\b|analyze\b|refresh\b`), "these files declare objects; what is to be done once stands in a migration"},
	}
	escaped = regexp.MustCompile(`(?i)\be''`)
	owned   = regexp.MustCompile(`(?is)\bwith\s*\([^)]*\bsecurity_invoker\s*(?:=\s*(?:true|on|yes|1)\s*)?[,)]`)
)

// classify says what the statement declares, or why it cannot be declared.
func (s *Statement) classify() error {
	bare := skeleton(s.Text)
	if escaped.MatchString(bare) {
		return fmt.Errorf("%s: older editions of the Atlas CLI cut E'' strings differently: write them as $$ … $$", s.beginning())
	}
	for _, r := range within {
		if r.like.MatchString(bare) {
			return fmt.Errorf("%s: %s", s.beginning(), r.says)
		}
	}
	for _, f := range forms {
		m := f.like.FindStringSubmatch(bare)
		if m == nil {
			continue
		}
		s.Kind, s.Name = f.kind, m[f.name]
		if f.table > 0 {
			s.Table = m[f.table]
		}
		switch {
		case s.Kind == View && !owned.MatchString(bare):
			return fmt.Errorf("view %s reads as its owner, whom row-level security does not bind, so that it shows rows of every tenant: write CREATE VIEW %s.%s WITH (security_invoker = true) AS …", s.Name, pgcatalog.Schema, s.Name)
		case s.Kind == Column && !strings.HasSuffix(strings.ToLower(bare), "stored"), (s.Kind == Column || s.Kind == Constraint) && actions(bare) > 1:
			return fmt.Errorf("%s: write one action per ALTER TABLE, and STORED at the end of a generated column", s.beginning())
		}
		return nil
	}
	for _, r := range outside {
		if r.like.MatchString(bare) {
			return fmt.Errorf("%s: %s", s.beginning(), r.says)
		}
	}
	return fmt.Errorf("%s: it declares nothing that is known: name the schema, %s.name, and write CREATE EXTENSION, FUNCTION, PROCEDURE, VIEW, MATERIALIZED VIEW, TRIGGER, INDEX or STATISTICS, "+
		"ALTER TABLE … ADD COLUMN … GENERATED ALWAYS AS (…) STORED, ADD CONSTRAINT … CHECK or EXCLUDE, COMMENT ON or GRANT", s.beginning(), pgcatalog.Schema)
}

// actions counts the actions of an ALTER TABLE: the commas of its skeleton outside parentheses, and one.
func actions(skeleton string) int {
	n, depth := 1, 0
	for _, c := range skeleton {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				n++
			}
		}
	}
	return n
}

var dollar = regexp.MustCompile(`^\$\w*\$`)

// skeleton is a statement without its comments and with its quoted texts emptied: what is in them is the object's own affair.
func skeleton(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		rest := text[i:]
		skip, keep := 1, rest[:1]
		switch {
		case strings.HasPrefix(rest, "--"):
			skip, keep = end(rest, "\n", 2), " "
		case strings.HasPrefix(rest, "/*"):
			skip, keep = end(rest, "*/", 2), " "
		case rest[0] == '\'':
			skip, keep = end(rest, "'", 1), "''"
		case rest[0] == '"':
			skip = end(rest, `"`, 1)
			keep = rest[:skip]
		case rest[0] == '$':
			if tag := dollar.FindString(rest); tag != "" {
				skip, keep = end(rest, tag, len(tag)), "$$"
			}
		}
		b.WriteString(keep)
		i += skip
	}
	return b.String()
}

// end is the length of what begins text and goes on to the mark, looked for behind from.
func end(text, mark string, from int) int {
	if i := strings.Index(text[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(text)
}

// beginning is the statement's first words, for a message.
func (s *Statement) beginning() string {
	text := strings.Join(strings.Fields(s.Text), " ")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:57], "") + "…"
	}
	return text
}
