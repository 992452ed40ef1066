package ddl

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
)

// promoteUniqueColumns turns a column's own UNIQUE into an index, so that it can be led by the tenant.
func promoteUniqueColumns(t *schema.Table) {
	for _, c := range t.Columns {
		if !c.Unique {
			continue
		}
		c.Unique = false
		t.Indexes = append(t.Indexes, &schema.Index{Unique: true, Columns: []*schema.Column{c}})
	}
}

// leadWithTenant makes the tenant the first column of the table, its primary key and its indexes, and points it at the
// table of tenants. Ent needs no edge for that: an edge would put `tenant` into request bodies.
func leadWithTenant(t, tenants *schema.Table) {
	if !TenantOwned(t) {
		return
	}
	tenant, _ := t.Column(TenantColumn)
	t.Columns = append([]*schema.Column{tenant}, without(t.Columns, tenant)...)
	t.PrimaryKey = append([]*schema.Column{tenant}, t.PrimaryKey...)
	for _, index := range t.Indexes {
		leadIndexWithTenant(index, tenant)
	}
	t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{
		RefTable:   tenants,
		Columns:    []*schema.Column{tenant},
		RefColumns: tenants.PrimaryKey,
		OnDelete:   schema.NoAction,
	})
}

// composeForeignKeys makes references between tenant-owned tables carry the tenant, so that no row can point into another
// tenant, and takes Ent's ON DELETE actions away: deletes are refused, or cleared in the same transaction.
func composeForeignKeys(t *schema.Table) error {
	for _, fk := range t.ForeignKeys {
		fk.OnDelete = schema.NoAction
		if fk.RefTable.Name == TenantTable && fk.Columns[0].Name == TenantColumn {
			continue
		}
		switch {
		case !TenantOwned(fk.RefTable):
			// A reference to a global table needs no tenant.
		case !TenantOwned(t):
			return fmt.Errorf("table %q is global and references tenant-owned %q by %q: a global row cannot point into a tenant; "+
				"embed TenantOwned or drop the edge", t.Name, fk.RefTable.Name, fk.Columns[0].Name)
		default:
			tenant, _ := t.Column(TenantColumn)
			fk.Columns = append([]*schema.Column{tenant}, fk.Columns...)
			fk.RefColumns = fk.RefTable.PrimaryKey
		}
	}
	return nil
}

// coverForeignKeys adds an index for each foreign key that no index begins with: without one, deleting a referenced row
// reads the whole referencing table. An index of some rows only, or of another method, does not serve it.
func coverForeignKeys(t *schema.Table) {
	for _, fk := range t.ForeignKeys {
		covered := hasPrefix(t.PrimaryKey, fk.Columns) || slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
			return Plain(i) && hasPrefix(i.Columns, fk.Columns)
		})
		if !covered {
			t.Indexes = append(t.Indexes, &schema.Index{Columns: fk.Columns})
		}
	}
}

// nameConstraints gives indexes and foreign keys that the schema does not name the names Postgres itself would give,
// `users_tenant_id_email_key`, so that a violation reported by name leads back to its columns. Several indexes over the same
// columns are numbered, as Postgres does; taken holds the names of all tables, which share them.
func nameConstraints(t *schema.Table, names declared, taken map[string]string) error {
	for _, index := range t.Indexes {
		name, ok := names.names[index]
		if !ok {
			continue
		}
		switch other, ok := taken[name]; {
		case len(name) > maxName:
			return fmt.Errorf("index %q of table %q: Postgres cuts names over %d bytes: give it a shorter StorageKey", name, t.Name, maxName)
		case ok:
			return fmt.Errorf("index %q of table %q: table %q has that name, or an index with it: give one another StorageKey", name, t.Name, other)
		}
		index.Name, taken[name] = name, t.Name
	}
	for _, index := range t.Indexes {
		if names.names[index] != "" {
			continue
		}
		suffix := "idx"
		if index.Unique {
			suffix = "key"
		}
		index.Name = symbol(t.Name, index.Columns, suffix)
		for n := 1; taken[index.Name] != ""; n++ {
			index.Name = symbol(t.Name, index.Columns, fmt.Sprintf("%s%d", suffix, n))
		}
		taken[index.Name] = t.Name
	}
	for _, fk := range t.ForeignKeys {
		if !names.symbols[fk.Symbol] || fk.Symbol == "" {
			fk.Symbol = symbol(t.Name, fk.Columns, "fkey")
		}
	}
	return nil
}

// maxName is how long a name can be: NAMEDATALEN - 1.
const maxName = 63

// maxVarchar is the longest varchar(n) of Postgres.
const maxVarchar = 10_485_760

// limitLengths makes MaxLen the column's own limit: varchar(n), where Ent alone leaves the column open.
func limitLengths(t *schema.Table) {
	for _, c := range t.Columns {
		if c.Type == field.TypeString && len(c.SchemaType) == 0 && c.Size > 0 && c.Size < maxVarchar {
			c.SchemaType = map[string]string{"postgres": fmt.Sprintf("varchar(%d)", c.Size)}
		}
	}
}

// CheckName is the name of the CHECK that carries a column's enum and validators.
func CheckName(table string, c *schema.Column) string {
	return symbol(table, []*schema.Column{c}, "check")
}

// symbol joins table, columns and suffix. Names over 63 bytes, which Postgres would cut and so make ambiguous, keep their
// beginning and end in a hash.
func symbol(table string, columns []*schema.Column, suffix string) string {
	parts := []string{table}
	for _, c := range columns {
		parts = append(parts, c.Name)
	}
	name := strings.Join(append(parts, suffix), "_")
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "_" + hex.EncodeToString(sum[:4]) + "_" + suffix
	return name[:maxName-len(tail)] + tail
}

func without(columns []*schema.Column, drop *schema.Column) []*schema.Column {
	kept := make([]*schema.Column, 0, len(columns))
	for _, c := range columns {
		if c.Name != drop.Name {
			kept = append(kept, c)
		}
	}
	return kept
}

func hasPrefix(columns, prefix []*schema.Column) bool {
	if len(columns) < len(prefix) {
		return false
	}
	for i, c := range prefix {
		if columns[i].Name != c.Name {
			return false
		}
	}
	return true
}
