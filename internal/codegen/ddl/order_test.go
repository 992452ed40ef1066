package ddl_test

import (
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
)

// owned is a tenant-owned table.
func owned(name string) *schema.Table {
	return schema.NewTable(name).AddColumn(&schema.Column{Name: ddl.TenantColumn})
}

// refer has a table refer to another.
func refer(from, to *schema.Table, nullable bool) {
	tenant, _ := from.Column(ddl.TenantColumn)
	from.ForeignKeys = append(from.ForeignKeys, &schema.ForeignKey{
		RefTable: to, Columns: []*schema.Column{tenant, {Name: to.Name + "_id", Nullable: nullable}},
	})
}

func describe(order []ddl.Owned) string {
	var out []string
	for _, o := range order {
		text := o.Table.Name
		for _, r := range o.Clear {
			text += fmt.Sprintf(" clearing %s.%s", r.Table, r.Column)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestChildrenComeFirst(t *testing.T) {
	t.Parallel()
	a, b, c, d, tree := owned("a"), owned("b"), owned("c"), owned("d"), owned("tree")
	refer(a, b, false) // a → b → c → d, and d → b by a reference that may be null
	refer(b, c, false)
	refer(c, d, false)
	refer(d, b, true)
	refer(tree, tree, true)
	global := schema.NewTable("currencies")
	order, err := ddl.ChildrenFirst([]*schema.Table{d, c, tree, global, b, a})
	if want := "a, b clearing d.b_id, c, d, tree clearing tree.tree_id"; err != nil || describe(order) != want {
		t.Errorf("got %s, %v, want %s", describe(order), err, want)
	}

	tables, err := ddl.Tables(fixture.Graph(t, fixture.Schemas()...), limits(t))
	if err != nil {
		t.Fatal(err)
	}
	if order, err = ddl.ChildrenFirst(tables); err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, o := range order {
		at[o.Table.Name] = i
	}
	for _, o := range order {
		for _, fk := range o.Table.ForeignKeys {
			if target, isOwned := at[fk.RefTable.Name]; isOwned && target < at[o.Table.Name] {
				t.Errorf("%s comes after %s, which it refers to", o.Table.Name, fk.RefTable.Name)
			}
		}
	}
}

func TestCirclesWithoutAnEndAreRefused(t *testing.T) {
	t.Parallel()
	a, b := owned("a"), owned("b")
	refer(a, b, false)
	refer(b, a, false)
	if _, err := ddl.ChildrenFirst([]*schema.Table{a, b}); err == nil || !strings.Contains(err.Error(), "b.a_id") || !strings.Contains(err.Error(), "a.b_id") {
		t.Errorf("got %v, want the references of the circle named", err)
	}
}
