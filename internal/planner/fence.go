package planner

import (
	"fmt"
	"slices"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// fence is the way a table's rows are kept from those who must not touch them.
type fence int

const (
	// fenceNone: no row-level security at all.
	fenceNone fence = iota
	// fenceTenant: each row belongs to the tenant in its tenant_id.
	fenceTenant
	// fenceTenants: each row is a tenant. It sees and locks itself, the platform alone writes.
	fenceTenants
	// fenceTenantsWritable is what fenceTenants was before: a tenant's session may change its own row too.
	fenceTenantsWritable
	// fenceReference: rows that belong to no tenant. Every tenant reads them, the platform alone writes.
	fenceReference
	// fencePlatform: rows of the platform itself, which no tenant may see.
	fencePlatform
	// fenceCustom: policies written by hand, which are left alone.
	fenceCustom
)

const (
	isolationPolicy = "tenant_isolation"
	readPolicy      = "reference_read"
	writePolicy     = "platform_write"
	platformPolicy  = "platform_only"
	ownReadPolicy   = "tenant_read"
	ownLockPolicy   = "tenant_lock"

	boundTenant = "(nullif(current_setting('" + pgcatalog.TenantSetting + "', true), ''))::uuid"
	onPlatform  = "current_setting('" + pgcatalog.PlatformSetting + "', true) = 'on'"
)

// wanted says which fence a table of the desired state gets, by its key, which is the tenant-owned mixin's mark in the
// database, and for tables without a tenant by the name.
func wanted(t *schema.Table) (fence, error) {
	_, hasTenant := t.Column(pgcatalog.TenantColumn)
	switch {
	case hasTenant && t.PrimaryKey != nil && len(t.PrimaryKey.Parts) > 0 && t.PrimaryKey.Parts[0].C != nil && t.PrimaryKey.Parts[0].C.Name == pgcatalog.TenantColumn:
		return fenceTenant, nil
	case hasTenant:
		return 0, fmt.Errorf("table %s has %s, but its primary key does not start with it: use the mixin TenantOwned, or give the column another name", t.Name, pgcatalog.TenantColumn)
	case t.Name == pgcatalog.TenantTable:
		return fenceTenants, nil
	case pgcatalog.OfPlatform(t.Name):
		return fencePlatform, nil
	}
	return fenceReference, nil
}

// present says which fence a table of a real database has, by its policies.
func present(t pgcatalog.Table) fence {
	has := func(name string) bool {
		return slices.ContainsFunc(t.Policies, func(p pgcatalog.Policy) bool { return p.Name == name })
	}
	switch {
	case !t.Fenced():
		return fenceNone
	case has(isolationPolicy) && t.TenantID:
		return fenceTenant
	case has(isolationPolicy):
		return fenceTenantsWritable
	case has(ownReadPolicy) && has(ownLockPolicy) && has(writePolicy):
		return fenceTenants
	case has(platformPolicy):
		return fencePlatform
	case has(readPolicy) && has(writePolicy):
		return fenceReference
	}
	return fenceCustom
}

// fences is the fence of each table, by name.
type fences map[string]fence

func fencesWanted(realm *schema.Realm) (fences, error) {
	out := fences{}
	for _, s := range realm.Schemas {
		for _, t := range s.Tables {
			f, err := wanted(t)
			if err != nil {
				return nil, err
			}
			out[t.Name] = f
		}
	}
	return out, nil
}

func fencesPresent(tables []pgcatalog.Table) fences {
	out := fences{}
	for _, t := range tables {
		out[t.Name] = present(t)
	}
	return out
}

// planFences returns the statements that turn one set of fences into another: those that take fences down, to run before
// tables change, and those that put fences up, to run after. Tables that `to` does not have take theirs with them.
func planFences(from, to fences) (before, after []Statement) {
	names := make([]string, 0, len(to))
	for name := range to {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		have, want := from[name], to[name]
		if have == want || have == fenceCustom || want == fenceCustom {
			continue
		}
		before = append(before, unfence(name, have, want == fenceNone)...)
		after = append(after, putFence(name, want, have == fenceNone)...)
	}
	return before, after
}

// putFence fences a table in; bare is false when row-level security is on already and only the policies change.
func putFence(name string, f fence, bare bool) []Statement {
	if f == fenceNone {
		return nil
	}
	table := qualifiedName(name)
	var out []Statement
	add := func(comment, format string, args ...any) {
		out = append(out, Statement{Comment: comment, SQL: fmt.Sprintf(format, args...)})
	}
	if bare {
		add(fmt.Sprintf("Fence %q: row-level security, binding the table's owner too", name), "ALTER TABLE %s ENABLE ROW LEVEL SECURITY", table)
		add("", "ALTER TABLE %s FORCE ROW LEVEL SECURITY", table)
	}
	policy := func(comment, policy, command, using, check string) {
		sql := fmt.Sprintf("CREATE POLICY %q ON %s", policy, table)
		if command != "" {
			sql += " FOR " + command
		}
		sql += "\n  USING (" + using + ")"
		if check != "" {
			sql += "\n  WITH CHECK (" + check + ")"
		}
		add(comment, "%s", sql)
	}
	switch f {
	case fenceTenant:
		own := pgcatalog.TenantColumn + " = " + boundTenant
		policy(fmt.Sprintf("Only rows of the session's tenant in %q", name), isolationPolicy, "", own, own)
	case fenceNone, fenceCustom: // neither gets policies
	case fenceTenants:
		own := "id = " + boundTenant + " OR " + onPlatform
		policy(fmt.Sprintf("A tenant sees itself in %q, the platform sees all", name), ownReadPolicy, "SELECT", own, "")
		// SELECT … FOR UPDATE asks the policies of UPDATE (PostgreSQL manual, CREATE POLICY): the check refuses the change itself.
		policy(fmt.Sprintf("A tenant locks itself in %q and cannot change it", name), ownLockPolicy, "UPDATE", own, onPlatform)
		policy(fmt.Sprintf("The platform alone writes %q", name), writePolicy, "", onPlatform, onPlatform)
	case fenceTenantsWritable:
		own := "id = " + boundTenant + " OR " + onPlatform
		policy(fmt.Sprintf("A tenant sees itself in %q, the platform sees all", name), isolationPolicy, "", own, own)
	case fencePlatform:
		policy(fmt.Sprintf("Only the platform reads and writes %q", name), platformPolicy, "", onPlatform, onPlatform)
	case fenceReference:
		policy(fmt.Sprintf("Every tenant reads %q", name), readPolicy, "SELECT", "true", "")
		policy(fmt.Sprintf("The platform alone writes %q", name), writePolicy, "", onPlatform, onPlatform)
	}
	if bare {
		add(fmt.Sprintf("Let the application work with rows of %q", name), "GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %q", table, pgcatalog.AppRole)
	}
	return out
}

// unfence is the reverse of putFence.
func unfence(name string, f fence, bare bool) []Statement {
	table := qualifiedName(name)
	var policies []string
	switch f {
	case fenceNone:
		return nil
	case fenceReference:
		policies = []string{writePolicy, readPolicy}
	case fenceTenants:
		policies = []string{writePolicy, ownLockPolicy, ownReadPolicy}
	case fencePlatform:
		policies = []string{platformPolicy}
	default:
		policies = []string{isolationPolicy}
	}
	var out []Statement
	for i, p := range policies {
		s := Statement{SQL: fmt.Sprintf("DROP POLICY %q ON %s", p, table)}
		if i == 0 {
			s.Comment = fmt.Sprintf("Take down the fence of %q", name)
		}
		out = append(out, s)
	}
	if bare {
		out = append(out,
			Statement{SQL: fmt.Sprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY", table)},
			Statement{SQL: fmt.Sprintf("ALTER TABLE %s DISABLE ROW LEVEL SECURITY", table)},
			Statement{SQL: fmt.Sprintf("REVOKE SELECT, INSERT, UPDATE, DELETE ON %s FROM %q", table, pgcatalog.AppRole)})
	}
	return out
}

func qualifiedName(table string) string { return fmt.Sprintf("%q.%q", pgcatalog.Schema, table) }
