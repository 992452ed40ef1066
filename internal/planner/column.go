package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

var volatileDefault = regexp.MustCompile(`(?i)\b(gen_random_uuid|uuid_generate_v\w+|random|clock_timestamp|timeofday|nextval)\s*\(`)

// addColumn adds a column so that neither rows that are there nor a table rewrite are in the way.
func (s *stages) addColumn(m *schema.ModifyTable, c *schema.AddColumn) ([]schema.Change, error) {
	t := m.T
	column, key := *c.C, t.Name+"."+c.C.Name
	kind := *c.C.Type
	column.Type = &kind
	generated := schema.GeneratedExpr{}
	if has(c.C.Attrs, &generated) || identity(c.C.Attrs) {
		return []schema.Change{c}, nil
	}
	given, asked := s.o.Backfill[key]
	if x, ok := c.C.Default.(*schema.RawExpr); ok && volatileDefault.MatchString(x.X) {
		// With a volatile default ADD COLUMN rewrites the table under ACCESS EXCLUSIVE; set afterwards it does not.
		kind.Null, column.Default = true, nil
		set := &schema.ModifyColumn{From: &column, To: withDefault(&column, c.C.Default), Change: schema.ChangeDefault}
		if !asked {
			given = x.X
		}
		if !c.C.Type.Null || asked {
			s.used[key] = true
			s.backfill(t.Name, c.C, given, "", "")
		}
		if !c.C.Type.Null {
			s.notNull(t.Name, c.C.Name)
		}
		// Two changes of one table, because the default must not be part of ADD COLUMN.
		s.main = append(s.main, &schema.ModifyTable{T: t, Changes: []schema.Change{&schema.AddColumn{C: &column}}})
		return []schema.Change{set}, nil
	}
	if asked {
		s.used[key] = true
		kind.Null = true
		if inNewKey(m, c.C.Name) {
			// The whole table is rewritten under a lock for its new key anyway.
			s.first = append(s.first, Statement{
				Comment: fmt.Sprintf("Fill in %q, a part of the key of %q", c.C.Name, t.Name),
				SQL:     fmt.Sprintf("UPDATE %s SET %q = %s", qualifiedName(t.Name), c.C.Name, given),
			})
			return []schema.Change{&schema.AddColumn{C: &column}}, nil
		}
		s.backfill(t.Name, c.C, given, "", "")
		if !c.C.Type.Null {
			s.notNull(t.Name, c.C.Name)
		}
		return []schema.Change{&schema.AddColumn{C: &column}}, nil
	}
	if c.C.Type.Null || c.C.Default != nil {
		return []schema.Change{c}, nil
	}
	value, ok := s.zero(t, c.C)
	if !ok {
		return nil, fmt.Errorf("%s is required and rows that are already there have no value for it: say which, `--backfill %s=\"SQL expression\"`, give the field a default, or make it optional", key, key)
	}
	s.warn("rows that are already there get %s = %s; `--backfill %s=\"SQL expression\"` gives them another value", key, value, key)
	// A constant default is kept in the catalog: no row is written, and dropping it again leaves the value in place.
	column.Default = &schema.RawExpr{X: value}
	s.first = append(s.first, Statement{
		Comment: fmt.Sprintf("New rows must say what %q is; those that are there keep the value", c.C.Name),
		SQL:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q DROP DEFAULT", qualifiedName(t.Name), c.C.Name),
	})
	return []schema.Change{&schema.AddColumn{C: &column}}, nil
}

// inNewKey says whether a change of a table puts the column into its primary key.
func inNewKey(m *schema.ModifyTable, column string) bool {
	for _, c := range m.Changes {
		if key, ok := c.(*schema.ModifyPrimaryKey); ok {
			return slices.ContainsFunc(key.To.Parts, func(p *schema.IndexPart) bool { return p.C != nil && p.C.Name == column })
		}
	}
	return false
}

// modifyColumn takes NOT NULL out of a change and casts values where Postgres would not by itself.
func (s *stages) modifyColumn(ctx context.Context, m *schema.ModifyTable, c *schema.ModifyColumn) ([]schema.Change, error) {
	t := m.T
	key := t.Name + "." + c.From.Name
	kept := *c
	if c.Change.Is(schema.ChangeNull) && !c.To.Type.Null {
		expression, ok := s.o.Backfill[key]
		if ok {
			s.used[key] = true
		} else if x := defaultOf(c.To); x != "" {
			expression, ok = x, true
		} else if expression, ok = s.zero(t, c.To); ok {
			s.warn("rows in which %s is null get %s; `--backfill %s=\"SQL expression\"` gives them another value", key, expression, key)
		}
		if !ok {
			return nil, fmt.Errorf("%s becomes required and rows in which it is null need a value: say which, `--backfill %s=\"SQL expression\"`", key, key)
		}
		s.backfill(t.Name, c.To, expression, "", "")
		s.notNull(t.Name, c.To.Name)
		to, kind := *c.To, *c.To.Type
		kind.Null, to.Type = true, &kind
		kept.To, kept.Change = &to, c.Change&^schema.ChangeNull
		if kept.Change == schema.NoChange {
			return nil, nil
		}
	}
	if !kept.Change.Is(schema.ChangeType) {
		return []schema.Change{&kept}, nil
	}
	if expression, ok := s.o.Backfill[key]; ok && !c.Change.Is(schema.ChangeNull) && !inNewCheck(m, c.To.Name) {
		s.used[key] = true
		s.allow = append(s.allow, fmt.Sprintf("data-loss --backfill %s says what becomes of the values of another type", key))
		return using(&kept, expression), nil
	}
	converted, err := s.d.convert(ctx, t.Name, &kept, false)
	if errors.Is(err, errNoCast) {
		return nil, fmt.Errorf("%w: say what becomes of the values, `--backfill %s=\"SQL expression\"`, of the column as it was; or add a new column, copy and switch", err, key)
	}
	return converted, err
}

// inNewCheck says whether the change of a table adds a CHECK that is about the column.
func inNewCheck(m *schema.ModifyTable, column string) bool {
	return slices.ContainsFunc(m.Changes, func(c schema.Change) bool {
		switch c := c.(type) {
		case *schema.AddCheck:
			return mentions(c.C.Expr, column)
		case *schema.ModifyCheck:
			return mentions(c.To.Expr, column)
		}
		return false
	})
}

func withDefault(c *schema.Column, x schema.Expr) *schema.Column {
	out := *c
	out.Default = x
	return &out
}

func defaultOf(c *schema.Column) string {
	switch x := c.Default.(type) {
	case *schema.RawExpr:
		return x.X
	case *schema.Literal:
		return x.V
	}
	return ""
}

func has[T any](attrs []schema.Attr, target *T) bool {
	for _, a := range attrs {
		if v, ok := a.(interface{}).(*T); ok {
			*target = *v
			return true
		}
	}
	return false
}

func identity(attrs []schema.Attr) bool {
	var i postgres.Identity
	return has(attrs, &i)
}
