package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/catalog"
)

// stage is one file of a plan. A change to a table that is already there, and in use, is cut into as many as it takes for
// none of them to keep the application waiting (docs/migrations.md, "Recipes").
type stage struct {
	suffix string // of the file's name; empty for the first
	noTx   bool
	up     []Statement
	// down is the reverse where it is known; otherwise it is computed by comparing the states.
	down []Statement
	// undo runs after the computed reverse: what comparing states cannot see, such as renames.
	undo []Statement
	// renamed is the state between the renames and the rest of the file.
	renamed *snapshot
	// mute says that the file changes rows only: there is nothing a reverse would undo.
	mute string
}

// stages collects the files of a plan in the order in which they must run.
type stages struct {
	o     Options
	d     *database
	goal  *schema.Realm
	main  []schema.Change
	first []Statement // not-valid constraints, after main in its file
	last  []Statement // keys, after those
	index []stage
	fill  []stage
	// constrain follows what fills rows; validate reads the rows without blocking anybody; finish is instant.
	constrain, validate, revalidate, finish []Statement
	late                                    []late
	used                                    map[string]bool // backfills
	warnings                                []string
}

var volatileDefault = regexp.MustCompile(`(?i)\b(gen_random_uuid|uuid_generate_v\w+|random|clock_timestamp|timeofday|nextval)\s*\(`)

// split sorts changes into stages. Only tables that are already there need more than one.
func (s *stages) split(ctx context.Context, changes []schema.Change) error {
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			s.main = append(s.main, c)
			continue
		}
		kept := &schema.ModifyTable{T: m.T}
		for _, c := range m.Changes {
			now, err := s.place(ctx, m, c)
			if err != nil {
				return err
			}
			kept.Changes = append(kept.Changes, now...)
		}
		if len(kept.Changes) > 0 {
			s.main = append(s.main, kept)
		}
	}
	for column := range s.o.Backfill {
		if !s.used[column] {
			return fmt.Errorf("--backfill %s: the plan gives this column no NOT NULL and no new CHECK, so there is nothing to fill in", column)
		}
	}
	return nil
}

// place puts one change of an existing table where it belongs and returns what of it is done in the first file.
func (s *stages) place(ctx context.Context, m *schema.ModifyTable, change schema.Change) ([]schema.Change, error) {
	switch c := change.(type) {
	case *schema.AddIndex:
		return nil, s.createIndex(ctx, m.T, c.I)
	case *schema.DropIndex:
		if goesWithColumn(m, c.I) {
			return nil, nil // DROP COLUMN takes it along
		}
		return nil, s.dropIndex(ctx, m.T, c.I)
	case *schema.ModifyIndex:
		return nil, s.replaceIndex(ctx, m.T, c)
	case *schema.AddForeignKey:
		return nil, s.notValid(ctx, m.T, c, c.F.Symbol, "foreign key")
	case *schema.ModifyForeignKey:
		return []schema.Change{&schema.DropForeignKey{F: c.From}}, s.notValid(ctx, m.T, &schema.AddForeignKey{F: c.To}, c.To.Symbol, "foreign key")
	case *schema.AddCheck:
		return nil, s.check(ctx, m.T, c.C)
	case *schema.ModifyCheck:
		return []schema.Change{&schema.DropCheck{C: c.From}}, s.check(ctx, m.T, c.To)
	case *schema.AddColumn:
		return s.addColumn(m, c)
	case *schema.ModifyPrimaryKey:
		if len(s.first) == 0 {
			break
		}
		// The key's new column is filled in by then.
		statements, err := s.alone(ctx, m.T, c)
		s.last = append(s.last, statements...)
		return nil, err
	case *schema.ModifyColumn:
		return s.modifyColumn(ctx, m.T, c)
	}
	return []schema.Change{change}, nil
}

// goesWithColumn says whether an index covers a column that the same change drops.
func goesWithColumn(m *schema.ModifyTable, i *schema.Index) bool {
	for _, c := range m.Changes {
		drop, ok := c.(*schema.DropColumn)
		if !ok {
			continue
		}
		for _, p := range i.Parts {
			if p.C != nil && p.C.Name == drop.C.Name {
				return true
			}
		}
	}
	return false
}

// alone plans one change of a table by itself.
func (s *stages) alone(ctx context.Context, t *schema.Table, c schema.Change) ([]Statement, error) {
	return s.d.planChanges(ctx, []schema.Change{&schema.ModifyTable{T: t, Changes: []schema.Change{c}}})
}

func (s *stages) createIndex(ctx context.Context, t *schema.Table, i *schema.Index) error {
	up, down, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return err
	}
	s.index = append(s.index, stage{suffix: "create_" + i.Name, noTx: true, up: up[:1], down: down})
	s.finish = append(s.finish, up[1:]...) // its comment
	return nil
}

func (s *stages) dropIndex(ctx context.Context, t *schema.Table, i *schema.Index) error {
	up, down, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return err
	}
	s.index = append(s.index, stage{suffix: "drop_" + i.Name, noTx: true, up: down, down: up[:1]})
	return nil
}

// replaceIndex builds the new index beside the old one, which serves until the new one is there.
func (s *stages) replaceIndex(ctx context.Context, t *schema.Table, c *schema.ModifyIndex) error {
	next := *c.To
	next.Name = shorten("next_" + c.To.Name)
	if err := s.createIndex(ctx, t, &next); err != nil {
		return err
	}
	if err := s.dropIndex(ctx, t, c.From); err != nil {
		return err
	}
	rename := func(from, to string) []Statement {
		return []Statement{{Comment: fmt.Sprintf("Give the new index its name, %q", to), SQL: fmt.Sprintf("ALTER INDEX %s RENAME TO %q", qualifiedName(from), to)}}
	}
	s.index = append(s.index, stage{suffix: "rename_" + next.Name, up: rename(next.Name, c.To.Name), down: rename(c.To.Name, next.Name)})
	return nil
}

// indexStatements creates and drops an index while the table is in use.
func (s *stages) indexStatements(ctx context.Context, t *schema.Table, i *schema.Index) (create, drop []Statement, err error) {
	create, err = s.alone(ctx, t, &schema.AddIndex{I: i, Extra: []schema.Clause{&postgres.Concurrently{}}})
	if err != nil {
		return nil, nil, err
	}
	if len(create) == 0 || !strings.Contains(create[0].SQL, "CONCURRENTLY") {
		return nil, nil, fmt.Errorf("index %s of table %s belongs to a UNIQUE or EXCLUDE constraint: declare a unique index instead, which can be built while the table is in use", i.Name, t.Name)
	}
	drop = []Statement{{Comment: fmt.Sprintf("Drop index %q without blocking the table", i.Name), SQL: fmt.Sprintf("DROP INDEX CONCURRENTLY %s", qualifiedName(i.Name))}}
	return create, drop, nil
}

// notValid adds a constraint that binds new rows at once, and has those that are there checked later under a weak lock.
func (s *stages) notValid(ctx context.Context, t *schema.Table, add schema.Change, name, what string) error {
	statements, err := s.alone(ctx, t, add)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		return fmt.Errorf("plan %s %s: Atlas plans nothing for it", what, name)
	}
	constraint := Statement{
		Comment: fmt.Sprintf("Add %s %q for new rows; a later file checks those that are there", what, name),
		SQL:     strings.Replace(statements[0].SQL, " ADD\n", " ADD ", 1) + " NOT VALID",
	}
	if fk, ok := add.(*schema.AddForeignKey); ok && s.needsNewIndex(fk.F) {
		s.constrain = append(s.constrain, constraint)
	} else {
		s.first = append(s.first, constraint)
	}
	s.finish = append(s.finish, statements[1:]...) // its comment
	s.validateLater(t.Name, name, constraint.SQL)
	return nil
}

func (s *stages) validateLater(table, name, constraint string) {
	t := qualifiedName(table)
	s.validate = append(s.validate, Statement{
		Comment: fmt.Sprintf("Check the rows of %q that were there before; reads and writes go on", table),
		SQL:     fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %q", t, name),
	})
	s.revalidate = append([]Statement{
		{SQL: fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %q", t, name)},
		{SQL: constraint},
	}, s.revalidate...)
}

// needsNewIndex says whether a foreign key refers to a key that an index of this plan makes unique.
func (s *stages) needsNewIndex(fk *schema.ForeignKey) bool {
	for _, stage := range s.index {
		for _, statement := range stage.up {
			if strings.HasPrefix(statement.SQL, "CREATE UNIQUE") && strings.Contains(statement.SQL, " ON "+qualifiedName(fk.RefTable.Name)) {
				return true
			}
		}
	}
	return false
}

// check adds a CHECK; where the caller said how to fill in a column of it, rows that break it are changed.
func (s *stages) check(ctx context.Context, t *schema.Table, c *schema.Check) error {
	for _, column := range t.Columns {
		key := t.Name + "." + column.Name
		if expression, ok := s.o.Backfill[key]; ok && strings.Contains(c.Expr, column.Name) && !s.used[key] {
			s.used[key] = true
			s.backfill(t.Name, column.Name, expression, "NOT ("+c.Expr+")")
		}
	}
	return s.notValid(ctx, t, &schema.AddCheck{C: c}, c.Name, "check")
}

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
			s.backfill(t.Name, c.C.Name, given, "")
		}
		if !c.C.Type.Null {
			s.notNull(t.Name, c.C.Name, given)
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
		s.backfill(t.Name, c.C.Name, given, "")
		if !c.C.Type.Null {
			s.notNull(t.Name, c.C.Name, given)
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
func (s *stages) modifyColumn(ctx context.Context, t *schema.Table, c *schema.ModifyColumn) ([]schema.Change, error) {
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
		s.backfill(t.Name, c.To.Name, expression, "")
		s.notNull(t.Name, c.To.Name, expression)
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
	return s.d.convert(ctx, &kept)
}

// errNoCast says that no expression turns values of one type into the other.
var errNoCast = errors.New("no cast brings the values over")

// convert writes a change of type so that Postgres accepts it: with USING where there is no cast of its own accord, and
// with the default taken off first.
func (d *database) convert(ctx context.Context, c *schema.ModifyColumn) ([]schema.Change, error) {
	from, err := postgres.FormatType(c.From.Type.Type)
	if err != nil {
		return nil, fmt.Errorf("read the type of column %s: %w", c.From.Name, err)
	}
	to, err := postgres.FormatType(c.To.Type.Type)
	if err != nil {
		return nil, fmt.Errorf("read the type of column %s: %w", c.To.Name, err)
	}
	var casts bool
	err = d.pool.QueryRowContext(ctx, `SELECT $1::regtype = $2::regtype OR EXISTS (SELECT FROM pg_cast
  WHERE castsource = $1::regtype AND casttarget = $2::regtype AND castcontext IN ('a', 'i'))`, from, to).Scan(&casts)
	if err != nil {
		return nil, fmt.Errorf("look for a cast from %s to %s: %w", from, to, err)
	}
	if casts {
		return []schema.Change{c}, nil
	}
	if strings.HasPrefix(from, "json") && strings.HasSuffix(to, "[]") {
		return nil, fmt.Errorf("%w: column %s from %s to %s", errNoCast, c.From.Name, from, to)
	}
	using := *c
	using.Extra = append(using.Extra, &postgres.ConvertUsing{X: fmt.Sprintf("%q::%s", c.From.Name, to)})
	if strings.HasSuffix(from, "[]") && !strings.HasSuffix(to, "[]") || to == "jsonb" || to == "json" {
		using.Extra = []schema.Clause{&postgres.ConvertUsing{X: fmt.Sprintf("to_jsonb(%q)::%s", c.From.Name, to)}}
	}
	if c.From.Default == nil {
		return []schema.Change{&using}, nil
	}
	using.Change &^= schema.ChangeDefault
	bare := withDefault(c.From, nil)
	changes := []schema.Change{&schema.ModifyColumn{From: c.From, To: bare, Change: schema.ChangeDefault}, &using}
	if c.To.Default != nil {
		changes = append(changes, &schema.ModifyColumn{From: bare, To: c.To, Change: schema.ChangeDefault})
	}
	return changes, nil
}

func (s *stages) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
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

// shorten keeps a name within what Postgres stores.
func shorten(name string) string { return name[:min(len(name), 63)] }

// notNull makes a column required without reading the table under a lock: a CHECK first, which Postgres then takes as
// the proof that SET NOT NULL needs (manual, ALTER TABLE, SET NOT NULL).
func (s *stages) notNull(table, column, expression string) {
	t, name := qualifiedName(table), shorten(table+"_"+column+"_not_null")
	constraint := fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %q CHECK (%q IS NOT NULL) NOT VALID", t, name, column)
	s.constrain = append(s.constrain, Statement{Comment: fmt.Sprintf("Refuse new rows of %q without %q", table, column), SQL: constraint})
	s.straggle(table, column, expression)
	s.validateLater(table, name, constraint)
	s.finish = append(s.finish,
		Statement{Comment: fmt.Sprintf("Instant: the checked constraint proves that no %q is null", column), SQL: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q SET NOT NULL", t, column)},
		Statement{SQL: fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %q", t, name)})
}

// straggle fills in, just before the check, rows that were written without a value meanwhile. One statement does so for all
// columns of a table: a row that lacks two would be refused with either.
func (s *stages) straggle(table, column, expression string) {
	i := slices.IndexFunc(s.late, func(l late) bool { return l.table == table })
	if i < 0 {
		i, s.late = len(s.late), append(s.late, late{table: table})
	}
	s.late[i].set = append(s.late[i].set, fmt.Sprintf("%[1]q = coalesce(%[1]q, %[2]s)", column, expression))
	s.late[i].where = append(s.late[i].where, fmt.Sprintf("%q IS NULL", column))
}

func (s *stages) stragglers() []Statement {
	var out []Statement
	for _, l := range s.late {
		out = append(out, l.statement())
	}
	return out
}

type late struct {
	table      string
	set, where []string
}

func (l late) statement() Statement {
	return Statement{
		Comment: fmt.Sprintf("Rows of %q written without a value meanwhile", l.table),
		SQL:     fmt.Sprintf("UPDATE %s SET %s WHERE %s", qualifiedName(l.table), strings.Join(l.set, ", "), strings.Join(l.where, " OR ")),
	}
}

// backfill fills a column in batches that commit one by one, so that no row is locked for long. Interrupted, it may start
// again. where defaults to rows in which the column is null.
func (s *stages) backfill(table, column, expression, where string) {
	if where == "" {
		where = fmt.Sprintf("%q IS NULL", column)
	}
	t := qualifiedName(table)
	s.fill = append(s.fill, stage{suffix: shorten("backfill_" + table + "_" + column), noTx: true, mute: "the values stay, as they did no harm before", up: []Statement{{
		Comment: fmt.Sprintf("Fill in %q of %q, some blocks of the table at a time", column, table),
		SQL: fmt.Sprintf(`DO $$
DECLARE
  block bigint; n bigint; filled bigint;
BEGIN
  FOR pass IN 1..5 LOOP -- again for rows that were written meanwhile and so moved past
    block := 0; filled := 0;
    WHILE block <= pg_relation_size('%[1]s') / current_setting('block_size')::bigint LOOP
      UPDATE %[1]s SET %[2]q = %[3]s
      WHERE ctid >= format('(%%s,0)', block)::tid AND ctid < format('(%%s,0)', block + 16)::tid AND (%[4]s);
      GET DIAGNOSTICS n = ROW_COUNT;
      COMMIT;
      filled := filled + n; block := block + 16;
    END LOOP;
    EXIT WHEN filled = 0;
  END LOOP;
END
$$`, t, column, expression, where),
	}}})
}

// files lists the stages in order. body is what the first one holds besides its not-valid constraints.
func (s *stages) files(body []Statement, undo []Statement) []stage {
	var out []stage
	if first := slices.Concat(body, s.first, s.last); len(first) > 0 {
		out = append(out, stage{up: first, undo: undo})
	}
	out = append(out, s.index...)
	out = append(out, s.fill...)
	if len(s.fill) == 0 && len(s.index) == 0 && len(out) > 0 {
		out[0].up = append(out[0].up, s.constrain...)
	} else if len(s.constrain) > 0 {
		out = append(out, stage{suffix: "constrain", up: s.constrain})
	}
	if len(s.validate) > 0 {
		// A file of its own: the rows it changes stay locked until its end, and validating takes long.
		if late := s.stragglers(); len(late) > 0 {
			out = append(out, stage{suffix: "stragglers", up: late, mute: "the values stay, as they did no harm before"})
		}
		out = append(out, stage{suffix: "validate", up: s.validate, down: s.revalidate})
	}
	if len(s.finish) > 0 {
		out = append(out, stage{suffix: "finish", up: s.finish})
	}
	return out
}

// realmTable finds a table of the application's schema.
func realmTable(r *schema.Realm, name string) (*schema.Table, bool) {
	s, ok := r.Schema(catalog.Schema)
	if !ok {
		return nil, false
	}
	return s.Table(name)
}
