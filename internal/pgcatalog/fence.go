package pgcatalog

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	// Schema holds every application table.
	Schema = "core"
	// AppRole is the role the server works as: rows only, and only those row-level security lets it see.
	AppRole = "core_app"
	// TenantColumn leads the primary key of every table whose rows belong to a tenant.
	TenantColumn = "tenant_id"
	// TenantTable holds the tenants themselves; a row of it belongs to the tenant it is.
	TenantTable = "tenants"
	// PlatformPrefix begins the names of the tables that are the platform's own: no tenant sees a row of them.
	PlatformPrefix = "platform_"
	// LimitSuffix ends the names of CHECKs about sizes, and about values that no answer can show. Rows that break one can be read.
	LimitSuffix = "limit"
	// TenantSetting names the session setting that binds a session to a tenant, by id.
	TenantSetting = "app.tenant_id"
	// PlatformSetting names the session setting that is "on" where the platform itself acts, for no tenant.
	PlatformSetting = "app.platform"
)

//go:embed fence.sql
var fenceSQL string

// Policy is one row-level security policy of a table.
type Policy struct {
	Name       string
	Permissive bool
	Command    string // all, select, insert, update or delete
	Using      string // as Postgres prints it, empty when absent
	Check      string // as Postgres prints it, empty when absent
}

// lets says whether a session with the setting alone can write by the policy: its check, or what stands in for it, asks for
// the setting (PostgreSQL manual, CREATE POLICY: without WITH CHECK, USING is the check; DELETE has USING only).
func (p Policy) lets(setting string) bool {
	switch {
	case p.Command == "select":
		return false
	case p.Check == "" || p.Command == "delete":
		return strings.Contains(p.Using, setting)
	case p.Command == "all" && strings.Contains(p.Using, setting):
		return true // its USING is all that a DELETE is asked
	}
	return strings.Contains(p.Check, setting)
}

// ForeignKey is a reference to another table.
type ForeignKey struct {
	Name          string
	Columns       []string
	Target        string // as Postgres prints it
	TargetColumns []string
	TargetOwned   bool // has the tenant column
}

// UniqueIndex is one that is not the primary key, or the index of an exclusion constraint.
type UniqueIndex struct {
	Name      string
	Columns   []string // without expressions, and for an exclusion constraint those that are compared by =
	Exclusion bool
}

// Table is what decides whether a table's rows, or those that a view shows, are safe from other tenants.
type Table struct {
	Name       string // without the schema
	PrimaryKey []string
	TenantID   bool // has the tenant column
	Enabled    bool // row-level security is on
	Forced     bool // and binds the table's owner too
	Policies   []Policy

	ForeignKeys []ForeignKey
	Uniques     []UniqueIndex
	View        string // "view" or "materialized view", empty for a table
	Invoker     bool   // the view reads as whoever asks it, and not as its owner
	Readable    bool   // the application may read it
}

// Tables reads the tables and views of the application's schema, by name.
func Tables(ctx context.Context, db Beginner) ([]Table, error) {
	var tables []Table
	err := readOnly(ctx, db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, fenceSQL, Schema, TenantColumn, AppRole)
		if err != nil {
			return err
		}
		tables, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Table, error) {
			var t Table
			return t, row.Scan(&t.Name, &t.PrimaryKey, &t.TenantID, &t.Enabled, &t.Forced, &t.Policies,
				&t.ForeignKeys, &t.Uniques, &t.View, &t.Invoker, &t.Readable)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read row-level security from the catalog: %w", err)
	}
	return tables, nil
}

// Owned says whether the table's rows belong to tenants, the tenants themselves included.
func (t Table) Owned() bool { return t.TenantID || t.Name == TenantTable }

// OfPlatform says whether the rows of a table without a tenant are the platform's own, by its name. Those of others are for
// every tenant to read.
func OfPlatform(table string) bool { return strings.HasPrefix(table, PlatformPrefix) }

// Fenced says whether the table has any part of a fence.
func (t Table) Fenced() bool { return t.Enabled || t.Forced || len(t.Policies) > 0 }

// Problems lists what is wrong with the table's fence, one sentence each: a tenant-owned table needs a tenant-first
// primary key, references and unique indexes that stay inside the tenant, and forced row-level security whose every
// permissive policy asks for the session's tenant; a table of the platform, that it asks for the platform. A view must not read as its owner, whom no policy binds.
func (t Table) Problems() []string {
	name := Schema + "." + t.Name
	var out []string
	say := func(format string, args ...any) { out = append(out, name+": "+fmt.Sprintf(format, args...)) }
	if out = t.Leaks(); t.View != "" {
		return out
	}
	if !t.Owned() && !OfPlatform(t.Name) {
		return nil
	}
	if t.TenantID && (len(t.PrimaryKey) == 0 || t.PrimaryKey[0] != TenantColumn) {
		say("the primary key is (%s); it must start with %s, so that no row can be reached without its tenant",
			strings.Join(t.PrimaryKey, ", "), TenantColumn)
	}
	if !t.Enabled {
		say("row-level security is off; run ALTER TABLE %s ENABLE ROW LEVEL SECURITY", name)
	}
	if !t.Forced {
		say("row-level security does not bind the table's owner; run ALTER TABLE %s FORCE ROW LEVEL SECURITY", name)
	}
	whose, setting := "every tenant", TenantSetting
	if !t.Owned() {
		whose, setting = "the platform to tenants", PlatformSetting
	}
	permissive := 0
	for _, p := range t.Policies {
		if !p.Permissive {
			continue // it can only narrow what the others let through
		}
		permissive++
		if p.Using != "" && !t.asks(p.Using) {
			say("policy %s shows rows of %s: its USING does not ask for %s", p.Name, whose, setting)
		}
		if p.Check != "" && !t.asks(p.Check) {
			say("policy %s takes rows of %s: its WITH CHECK does not ask for %s", p.Name, whose, setting)
		}
		if t.Name == TenantTable && p.lets(TenantSetting) {
			say("policy %s lets a tenant change its own row: only %s may write %s", p.Name, PlatformSetting, name)
		}
	}
	if permissive == 0 {
		say("no policy; the application sees no rows at all")
	}
	return out
}

// Leaks lists what of a table or view reaches rows of other tenants, or tells of them, however its rows are fenced in: keys that
// do not stay inside the tenant, and views that read as their owner.
func (t Table) Leaks() []string {
	name := Schema + "." + t.Name
	var out []string
	say := func(format string, args ...any) { out = append(out, name+": "+fmt.Sprintf(format, args...)) }
	switch {
	case t.View == "" && t.TenantID:
		t.checkKeys(say)
	case t.View == "" || !t.Readable:
	case t.View == "view" && !t.Invoker:
		say("the view shows the application rows of every tenant, because it reads as its owner; run ALTER VIEW %s SET (security_invoker = true)", name)
	case t.View != "view":
		say("the application may read the %s, which no row-level security binds; run REVOKE ALL ON %s FROM %s", t.View, name, AppRole)
	}
	return out
}

// checkKeys finds keys that reach, or tell of, rows of other tenants.
func (t Table) checkKeys(say func(format string, args ...any)) {
	for _, k := range t.ForeignKeys {
		at := slices.Index(k.Columns, TenantColumn)
		if k.TargetOwned && (at < 0 || k.TargetColumns[at] != TenantColumn) {
			say("the foreign key %s takes ids of other tenants' rows of %s; make it (%s, %s) REFERENCES %s (%[3]s, id)",
				k.Name, k.Target, TenantColumn, strings.Join(slices.DeleteFunc(slices.Clone(k.Columns), func(c string) bool { return c == TenantColumn }), ", "), k.Target)
		}
	}
	for _, u := range t.Uniques {
		if u.Exclusion && !slices.Contains(u.Columns, TenantColumn) {
			say("the exclusion constraint %s spans tenants, so that a refused value tells what another tenant has; begin it with %s WITH =", u.Name, TenantColumn)
		} else if !slices.Contains(u.Columns, TenantColumn) {
			say("the unique index %s spans tenants, so that a refused value tells what another tenant has; begin it with %s", u.Name, TenantColumn)
		}
	}
}

// asks says whether a policy's expression, as Postgres prints it, compares the row's tenant with the session's and leaves no
// other way in. A row of the tenants themselves may also be the platform's, and the platform's own are nobody else's.
func (t Table) asks(expression string) bool {
	if !t.Owned() {
		return strings.Contains(expression, PlatformSetting) && !strings.Contains(expression, " OR ")
	}
	if !t.TenantID {
		return strings.Contains(expression, PlatformSetting) || strings.Contains(expression, TenantSetting) && strings.Contains(expression, "(id = ")
	}
	return strings.Contains(expression, TenantSetting) && strings.Contains(expression, "("+TenantColumn+" = ") && !strings.Contains(expression, " OR ")
}
