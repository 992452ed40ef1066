package planner

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// walker runs migrations one statement at a time and watches the database.
type walker struct{ *database }

func newWalker(ctx context.Context, o Options) (*walker, error) {
	d, err := open(ctx, o.Scratch)
	if err != nil {
		return nil, err
	}
	return &walker{d}, nil
}

// fact is what one statement really did.
type fact struct {
	migrate.Statement
	line, end int
	table     string   // the first table in use it touched
	locks     []string // "ACCESS EXCLUSIVE on users", on tables that were there before the file
	mode      string   // the strongest of them
	rewrote   []string // tables in use whose rows were written anew
	proven    []string // table.column that a valid CHECK proves not null, before the statement
	required  []string // table.column of tables in use that became required and have no default
	from, to  *schema.Realm
	changes   schema.Changes
}

func factAt(facts []fact, line int) *fact {
	for i := range facts {
		if line >= facts[i].line && line <= facts[i].end {
			return &facts[i]
		}
	}
	return nil
}

var (
	structural   = regexp.MustCompile(`(?is)^(alter\s+table|drop\s|create\s+(unique\s+)?index|create\s+table|create\s+schema|alter\s+index|do\b|alter\s+type)`)
	renameColumn = regexp.MustCompile(`(?is)^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)"?\s+rename\s+(?:column\s+)?"?(\w+)"?\s+to\s+"?(\w+)"?$`)
	renameTable  = regexp.MustCompile(`(?is)^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)"?\s+rename\s+to\s+"?(\w+)"?$`)
	renamesPart  = regexp.MustCompile(`(?is)^alter\s+(index\s.*\srename\s+to|table\s.*\srename\s+constraint)\s`)
	setNotNull   = regexp.MustCompile(`(?is)alter\s+(?:column\s+)?"?(\w+)"?\s+set\s+not\s+null`)
)

// strength orders lock modes; what each keeps waiting is in the manual, Explicit Locking.
var strength = []string{"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}

var blocks = map[string]string{
	"ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE: reads and writes go on, other schema changes wait",
	"ShareLock":                "SHARE: every write waits",
	"ShareRowExclusiveLock":    "SHARE ROW EXCLUSIVE: every write waits",
	"ExclusiveLock":            "EXCLUSIVE: every write waits",
	"AccessExclusiveLock":      "ACCESS EXCLUSIVE: every read and write waits",
}

// lock describes the strongest lock the statement took on a table in use.
func (f *fact) lock() string {
	if f.mode == "" {
		return ""
	}
	return blocks[f.mode] + " (" + strings.Join(f.locks, ", ") + ")"
}

// refutes says whether the database showed that a finding read from the text alone is not so.
func (f *fact) refutes(rule string) bool {
	switch rule {
	case "changing-column-type", "adding-field-with-default":
		return len(f.rewrote) == 0
	case "adding-not-nullable-field", "MF104":
		for _, m := range setNotNull.FindAllStringSubmatch(f.Text, -1) {
			if !slices.ContainsFunc(f.proven, func(p string) bool { return strings.HasSuffix(p, "."+m[1]) }) {
				return false
			}
		}
		return true
	case "adding-required-field", "MF103":
		return f.table == "" || len(f.required) == 0
	}
	return false
}

// walk runs a migration and returns what each of its statements did.
func (w *walker) walk(ctx context.Context, m *migrate.Migration) ([]fact, error) {
	conn, err := w.connection(ctx)
	if err != nil {
		return nil, err
	}
	before, err := w.tables(ctx)
	if err != nil {
		return nil, err
	}
	facts := make([]fact, len(m.Up.Statements))
	required, err := w.required(ctx)
	if err != nil {
		return nil, err
	}
	for i, statement := range m.Up.Statements {
		f := &facts[i]
		f.Statement = migrate.Statement{Text: strings.TrimRight(statement.Text, "; \n"), Line: statement.Line}
		f.line, f.end = statement.Line, statement.Line+strings.Count(statement.Text, "\n")
		if i > 0 && f.line <= facts[i-1].end {
			f.line = facts[i-1].end
		}
		inspected := structural.MatchString(statement.Text)
		if inspected {
			if f.from, err = w.inspect(ctx); err != nil {
				return nil, err
			}
			if f.proven, err = w.proven(ctx); err != nil {
				return nil, err
			}
		}
		if err := w.run(ctx, conn, m.Up.NoTx, f, before); err != nil {
			return nil, &migrate.StatementError{File: m.Up.Name, Line: statement.Line, SQL: statement.Text, Err: err}
		}
		if !inspected {
			continue
		}
		now, err := w.tables(ctx)
		if err != nil {
			return nil, err
		}
		for oid, t := range before {
			if next, there := now[oid]; there && next.file != t.file && !strings.HasPrefix(strings.ToUpper(statement.Text), "TRUNCATE") {
				f.rewrote = append(f.rewrote, t.name)
			}
			if next, there := now[oid]; there {
				next.old, now[oid] = true, next
				before[oid] = next
			}
		}
		after, err := w.required(ctx)
		if err != nil {
			return nil, err
		}
		for column, table := range after {
			if _, was := required[column]; !was && !renameColumn.MatchString(f.Text) && !renameTable.MatchString(f.Text) {
				if _, inUse := before[table]; inUse {
					f.required = append(f.required, column)
				}
			}
		}
		required = after
		if f.to, err = w.inspect(ctx); err != nil {
			return nil, err
		}
		if f.changes, err = w.changes(f); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// run executes one statement and asks which locks it held.
func (w *walker) run(ctx context.Context, conn *pgx.Conn, noTx bool, f *fact, before map[uint32]relation) error {
	if noTx {
		_, err := conn.Exec(ctx, f.Text, pgx.QueryExecModeSimpleProtocol)
		if strings.Contains(strings.ToUpper(f.Text), "CONCURRENTLY") {
			f.mode = "ShareUpdateExclusiveLock"
		}
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, f.Text, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT l.relation, l.mode FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted`)
	if err != nil {
		return err
	}
	var oid uint32
	var mode string
	strongest := map[string]string{}
	_, err = pgx.ForEachRow(rows, []any{&oid, &mode}, func() error {
		t, inUse := before[oid]
		if inUse && t.kind == "r" && blocks[mode] != "" && slices.Index(strength, mode) > slices.Index(strength, strongest[t.name]) {
			strongest[t.name] = mode
		}
		return nil
	})
	if err != nil {
		return err
	}
	for table, mode := range strongest {
		f.locks = append(f.locks, table)
		if slices.Index(strength, mode) > slices.Index(strength, f.mode) {
			f.mode, f.table = mode, table
		}
	}
	slices.Sort(f.locks)
	return tx.Commit(ctx)
}

// relation is a table or index of the application's schema.
type relation struct {
	name, kind string
	file       uint32 // changes when its rows are written anew
	old        bool
}

func (w *walker) tables(ctx context.Context) (map[uint32]relation, error) {
	rows, err := w.conn.Query(ctx, `SELECT c.oid, c.relname, c.relkind::text, c.relfilenode FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')`, pgcatalog.Schema)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	out := map[uint32]relation{}
	var oid uint32
	var r relation
	_, err = pgx.ForEachRow(rows, []any{&oid, &r.name, &r.kind, &r.file}, func() error { out[oid] = r; return nil })
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return out, nil
}

// required lists the columns that a row must give a value, with their tables.
func (w *walker) required(ctx context.Context) (map[string]uint32, error) {
	return w.columns(ctx, `SELECT c.relname || '.' || a.attname, c.oid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''`)
}

// proven lists the columns that a valid CHECK shows to hold no null.
func (w *walker) proven(ctx context.Context) ([]string, error) {
	found, err := w.columns(ctx, `SELECT c.relname || '.' || a.attname, c.oid FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND k.conkey = ARRAY[a.attnum]
WHERE n.nspname = $1 AND k.contype = 'c' AND k.convalidated AND pg_get_constraintdef(k.oid) = format('CHECK ((%I IS NOT NULL))', a.attname)`)
	var out []string
	for column := range found {
		out = append(out, column)
	}
	return out, err
}

func (w *walker) columns(ctx context.Context, sql string) (map[string]uint32, error) {
	rows, err := w.conn.Query(ctx, sql, pgcatalog.Schema)
	if err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	out := map[string]uint32{}
	var name string
	var oid uint32
	if _, err := pgx.ForEachRow(rows, []any{&name, &oid}, func() error { out[name] = oid; return nil }); err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	return out, nil
}

// changes are what a statement did in Atlas' terms. Comparing states takes a rename for a drop and an add, so that is read
// from the text.
func (w *walker) changes(f *fact) (schema.Changes, error) {
	if renamesPart.MatchString(f.Text) {
		return nil, nil // an index or a constraint under another name is the same
	}
	if m := renameColumn.FindStringSubmatch(f.Text); m != nil {
		if from, ok := realmTable(f.from, m[1]); ok {
			to, _ := realmTable(f.to, m[1])
			one, ok1 := from.Column(m[2])
			if to == nil {
				to = from
			}
			two, ok2 := to.Column(m[3])
			if ok1 && ok2 {
				return schema.Changes{&schema.ModifyTable{T: from, Changes: schema.Changes{&schema.RenameColumn{From: one, To: two}}}}, nil
			}
		}
	}
	if m := renameTable.FindStringSubmatch(f.Text); m != nil {
		one, ok1 := realmTable(f.from, m[1])
		two, ok2 := realmTable(f.to, m[2])
		if ok1 && ok2 {
			return schema.Changes{&schema.RenameTable{From: one, To: two}}, nil
		}
	}
	return w.diffRealms(f.from, f.to)
}
