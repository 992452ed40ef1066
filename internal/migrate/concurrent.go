package migrate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	identifier = `(?:"(?:[^"]|"")+"|[\pL_][\pL\pN_$]*)`
	qualified  = identifier + `(?:\s*\.\s*` + identifier + `)?`
)

var (
	createsIndex = regexp.MustCompile(`(?is)^create\s+(?:unique\s+)?index\s+concurrently\b`)
	createdIndex = regexp.MustCompile(`(?is)^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(` + identifier + `)\s+on\s+(?:only\s+)?(` + qualified + `)`)
	droppedIndex = regexp.MustCompile(`(?is)^drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?(` + qualified + `)`)
	reindexes    = regexp.MustCompile(`(?is)^reindex\b.*\bconcurrently\b`)
	concurrently = regexp.MustCompile(`(?i)\bconcurrently\b`)
	// notInTx are the statements Postgres refuses inside a transaction block, and those that may commit by themselves.
	notInTx = regexp.MustCompile(`(?is)^(vacuum|cluster|reindex|alter\s+system|(create|drop)\s+(database|tablespace|subscription)|call|do)\b|\bconcurrently\b`)
)

// applyEach runs a file with `-- atlas:txmode none`. What can run in a transaction does, together with its revision; for
// the rest the revision says before and after how far the file is, and a failed attempt is cleaned up before the next.
func (s *session) applyEach(ctx context.Context, m pending, from int) error {
	for i := from; i < len(m.Up.Statements); i++ {
		start := time.Now()
		record := func(db execer, applied int, failed string, failure error) error {
			return writeRevision(ctx, db, m.Migration, applied, time.Since(start), s.o.Operator, failed, failure)
		}
		begun := m.resume != nil && i == from
		// An index of an interrupted attempt may be kept only if this is still the statement that built it.
		ours := begun && m.Up.Recorded(m.resume.Hash)
		stmt := m.Up.Statements[i].Text
		err := s.retry(ctx, m.Up.Name, func() error {
			if !notInTx.MatchString(stmt) {
				return s.inTx(ctx, func(tx pgx.Tx) error {
					if err := s.exec(ctx, tx, &m.Up, i); err != nil {
						return err
					}
					return record(tx, i+1, "", nil)
				})
			}
			done, err := s.cleanUp(ctx, &m.Up, i, begun, ours)
			if err != nil {
				return err
			}
			if !done {
				if err := record(s.conn, i, "", nil); err != nil {
					return err
				}
				begun, ours = true, true
				if err := s.execAlone(ctx, &m.Up, i); err != nil {
					return err
				}
			}
			return record(s.conn, i+1, "", nil)
		})
		if err != nil {
			var refused *StatementError
			if errors.As(err, &refused) {
				// The statement's own error is what matters; without this note the file merely looks untouched.
				_ = record(s.conn, i, refused.SQL, refused.Err)
			}
			return err
		}
	}
	return nil
}

// execAlone runs a statement outside any transaction. The concurrent ones wait for other transactions without keeping
// anybody waiting, so the limit on waiting does not apply to them.
func (s *session) execAlone(ctx context.Context, script *Script, i int) error {
	if concurrently.MatchString(script.Statements[i].Text) {
		if _, err := s.conn.Exec(ctx, "SET lock_timeout = 0"); err != nil {
			return fmt.Errorf("prepare a concurrent statement: %w", err)
		}
	}
	err := s.exec(ctx, s.conn, script, i)
	if s.conn.IsClosed() {
		return err
	}
	return errors.Join(err, s.reset(ctx))
}

// cleanUp looks for what an interrupted attempt at a concurrent index statement left. It drops an invalid index, says so
// when the statement is already done, and refuses to build over an index that was there before the first attempt.
// begun: the statement was attempted before; ours: by this very text.
func (s *session) cleanUp(ctx context.Context, script *Script, i int, begun, ours bool) (done bool, err error) {
	stmt := script.Statements[i]
	if m := droppedIndex.FindStringSubmatch(stmt.Text); m != nil && begun {
		index, err := s.index(ctx, "SELECT to_regclass($1)::oid", m[1])
		if err == nil && index == nil {
			s.o.Log("  %3d/%d  %s  was done by an earlier run", i+1, len(script.Statements), summary(stmt.Text))
		}
		return index == nil, err
	}
	if begun && reindexes.MatchString(stmt.Text) {
		return false, s.dropTransient(ctx)
	}
	if !createsIndex.MatchString(stmt.Text) {
		return false, nil
	}
	m := createdIndex.FindStringSubmatch(stmt.Text)
	if m == nil {
		return false, problem("statement", "", "%s:%d: give the index a name: what a failed attempt leaves behind is found by it", script.Name, stmt.Line)
	}
	index, err := s.index(ctx, `SELECT to_regclass(quote_ident(n.nspname) || '.' || $2)::oid FROM pg_class t
JOIN pg_namespace n ON n.oid = t.relnamespace WHERE t.oid = to_regclass($1)`, m[2], m[1])
	switch {
	case err != nil || index == nil:
		return false, err
	case index.valid && ours:
		s.o.Log("  %3d/%d  %s  was done by an earlier run", i+1, len(script.Statements), summary(stmt.Text))
		return true, nil
	case index.valid && !begun:
		if strings.Contains(strings.ToLower(m[0]), "if not exists") {
			return false, nil
		}
		return false, problem("exists", "", "%s:%d: index %s is already there and no run of this file made it: drop it, or remove the statement", script.Name, stmt.Line, index.name)
	}
	s.o.Log("         dropping index %s, left by an attempt that failed", index.name)
	if _, err := s.conn.Exec(ctx, "SET lock_timeout = 0"); err != nil {
		return false, fmt.Errorf("prepare a concurrent statement: %w", err)
	}
	if _, err := s.conn.Exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+index.name); err != nil {
		return false, fmt.Errorf("drop index %s, left by an attempt that failed: %w", index.name, err)
	}
	return false, nil
}

// dropTransient drops the invalid copies that an interrupted REINDEX CONCURRENTLY leaves (manual, REINDEX, Rebuilding
// Indexes Concurrently): they carry the index's name with _ccnew or _ccold and perhaps a number.
func (s *session) dropTransient(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
  AND EXISTS (SELECT FROM pg_class o WHERE o.relnamespace = c.relnamespace AND o.relkind = c.relkind AND o.relname = regexp_replace(c.relname, '_cc(new|old)[0-9]*$', ''))`)
	if err != nil {
		return fmt.Errorf("look for what an interrupted REINDEX left: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for what an interrupted REINDEX left: %w", err)
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := s.conn.Exec(ctx, "SET lock_timeout = 0"); err != nil {
		return fmt.Errorf("prepare a concurrent statement: %w", err)
	}
	for _, name := range names {
		s.o.Log("         dropping index %s, left by an attempt that failed", name)
		if _, err := s.conn.Exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+name); err != nil {
			return fmt.Errorf("drop index %s, left by an attempt that failed: %w", name, err)
		}
	}
	return nil
}

type index struct {
	name  string // qualified and quoted
	valid bool
}

// index describes the index whose oid the query yields, or returns nil when there is none.
func (s *session) index(ctx context.Context, oid string, args ...any) (*index, error) {
	rows, err := s.conn.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname), i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = (`+oid+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("look for the index: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*index, error) {
		var i index
		return &i, row.Scan(&i.name, &i.valid)
	})
	if err != nil {
		return nil, fmt.Errorf("look for the index: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}
