package model

import (
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// Expiring is a table whose rows expire, by contract.Expires.
type Expiring struct {
	Table, Column string
	After         time.Duration
	TenantOwned   bool
}

// ReadExpiring returns the tables whose rows expire, in the order of their types. Its errors say what to write instead.
func ReadExpiring(graph *gen.Graph, tables []*schema.Table) ([]Expiring, error) {
	var out []Expiring
	for _, node := range graph.MutableNodes() {
		annotation, err := contract.Of(node.Annotations)
		if err != nil {
			return nil, fmt.Errorf("entity %s: %w", node.Name, err)
		}
		if annotation.Expiry == nil {
			continue
		}
		expiring, err := readExpiry(node, *annotation.Expiry, tables)
		if err != nil {
			return nil, fmt.Errorf("entity %s: contract.Expires: %w", node.Name, err)
		}
		out = append(out, expiring)
	}
	return out, nil
}

func readExpiry(node *gen.Type, expiry contract.Expiry, tables []*schema.Table) (Expiring, error) {
	i := slices.IndexFunc(node.Fields, func(f *gen.Field) bool { return names.Of(f) == expiry.Field })
	if i < 0 || !node.Fields[i].IsTime() {
		return Expiring{}, fmt.Errorf("%q is no time field of it: name one, such as created_at", expiry.Field)
	}
	if expiry.After <= 0 {
		return Expiring{}, fmt.Errorf("rows are kept for %s: give a duration above zero", expiry.After)
	}
	column := node.Fields[i].StorageKey()
	at := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == node.Table() })
	if !serves(tables[at], column, false) {
		return Expiring{}, fmt.Errorf("no index begins with %s: add index.Fields(%q) to its Indexes", expiry.Field, expiry.Field)
	}
	for _, t := range tables {
		for _, fk := range t.ForeignKeys {
			if fk.RefTable == tables[at] {
				return Expiring{}, fmt.Errorf("rows of %s refer to it, and would keep it: drop the edge", t.Name)
			}
		}
	}
	return Expiring{Table: node.Table(), Column: column, After: expiry.After, TenantOwned: ddl.TenantOwned(tables[at])}, nil
}
