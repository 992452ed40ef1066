package migrate

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Up brings a database to the newest version of the directory. Files run in order, each in one transaction with its
// revision, so that a run broken off at any point is finished by the next one. Of several runners at once one works and
// the others wait, then find nothing to do. A database that a newer release has already taken further is left alone and
// reported in Result.Ahead.
//
// The role must be exempt from row-level security (BYPASSRLS): the policies bind the owner too, and a migration that
// cannot see the rows it is to change would succeed without changing them.
//
// An error of type *Problem says what a person has to do; after any other error the run can be repeated as it is.
func Up(ctx context.Context, o Options) (Result, error) {
	o = o.withDefaults()
	start := time.Now()
	dir, err := o.directory()
	if err != nil {
		return Result{}, err
	}
	s, err := connect(ctx, o)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	if err := s.begin(ctx); err != nil {
		return Result{}, err
	}
	revisions, err := readRevisions(ctx, s.conn)
	if err != nil {
		return Result{}, err
	}
	p := newPlan(dir, revisions)
	result := Result{DryRun: o.DryRun, From: p.current(), To: p.current(), Files: []FileResult{}, Ahead: p.ahead}
	if len(p.problems) > 0 {
		return result, p.problems[0]
	}
	if len(p.ahead) > 0 && len(p.pending) == 0 {
		o.Log("the database is ahead, at version %s: a newer release has migrated it; nothing to do", p.current())
	}
	for _, m := range p.pending {
		if o.To != "" && m.Version > o.To {
			break
		}
		var file FileResult
		if o.DryRun {
			file = preview(&m.Up, resumeAt(m))
		} else if file, err = s.apply(ctx, m); err != nil {
			return result, err
		}
		file.Version = m.Version
		result.Files = append(result.Files, file)
		result.To = max(result.To, m.Version)
	}
	if !o.DryRun {
		if err := ensureGrant(ctx, s.conn); err != nil {
			return result, err
		}
	}
	result.Millis = time.Since(start).Milliseconds()
	return result, nil
}

// begin makes the session ready to change the database: alone on it, with a revision table. A dry run needs neither.
func (s *session) begin(ctx context.Context) error {
	if s.o.DryRun {
		return nil
	}
	if err := s.reset(ctx); err != nil {
		return err
	}
	if err := s.checkRole(ctx); err != nil {
		return err
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	return ensureTable(ctx, s.conn)
}

// resumeAt is the index of the first statement that is not in yet.
func resumeAt(m pending) int {
	if m.resume == nil {
		return 0
	}
	return int(m.resume.Applied)
}

func preview(script *Script, from int) FileResult {
	f := FileResult{Name: script.Name}
	for _, stmt := range script.Statements[min(from, len(script.Statements)):] {
		f.Statements++
		f.SQL = append(f.SQL, stmt.Text)
	}
	return f
}

// apply runs what is left of one migration.
func (s *session) apply(ctx context.Context, m pending) (FileResult, error) {
	from := resumeAt(m)
	total := len(m.Up.Statements)
	if err := checkResume(m); err != nil {
		return FileResult{}, err
	}
	if err := s.reset(ctx); err != nil {
		return FileResult{}, err
	}
	if from > 0 {
		s.o.Log("%s: resuming after statement %d of %d", m.Up.Name, from, total)
	} else {
		s.o.Log("%s: %d statements", m.Up.Name, total)
	}
	start := time.Now()
	var err error
	if m.Up.Checkpoint != nil && s.atOnce(ctx, m, start) {
		s.o.Log("%s: done in %s, %d statements at once", m.Up.Name, round(time.Since(start)), total)
		return FileResult{Name: m.Up.Name, Statements: total, Millis: time.Since(start).Milliseconds()}, nil
	}
	if m.Up.NoTx {
		err = s.applyEach(ctx, m, from)
	} else {
		err = s.retry(ctx, m.Up.Name, func() error {
			return s.inTx(ctx, func(tx pgx.Tx) error {
				if err := s.execAll(ctx, tx, &m.Up, from); err != nil {
					return err
				}
				return writeRevision(ctx, tx, m.Migration, total, time.Since(start), s.o.Operator, "", nil)
			})
		})
	}
	if err != nil {
		return FileResult{}, err
	}
	took := time.Since(start)
	s.o.Log("%s: done in %s", m.Up.Name, round(took))
	return FileResult{Name: m.Up.Name, Statements: total - from, Millis: took.Milliseconds()}, nil
}

// atOnce runs a checkpoint in one round trip, where a database over a network would wait for hundreds. Where anything is in
// the way nothing has happened, and the statements run one by one, so that the error names its own.
func (s *session) atOnce(ctx context.Context, m pending, start time.Time) (done bool) {
	return nil == s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, m.Up.SQL, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		return writeRevision(ctx, tx, m.Migration, len(m.Up.Statements), time.Since(start), s.o.Operator, "", nil)
	})
}

// checkResume refuses to go on with a file whose statements that are already in have changed since.
func checkResume(m pending) error {
	if m.resume == nil {
		return nil
	}
	sums := partialHashes(m.Up.Statements)
	for i, sum := range m.resume.PartialHashes {
		if i >= int(m.resume.Applied) {
			break
		}
		if i >= len(sums) || sums[i] != sum {
			return problem("edited", m.Version, "%s: statement %d is in the database and has changed since; restore it as it was (later statements may be corrected), run `lockstep migrate hash` and try again",
				m.Up.Name, i+1)
		}
	}
	if int(m.resume.Applied) > len(sums) {
		return problem("edited", m.Version, "%s: %d statements are in the database, but the file holds %d; restore those that are in, run `lockstep migrate hash` and try again",
			m.Up.Name, m.resume.Applied, len(sums))
	}
	return nil
}

// inTx runs f in a transaction of its own.
func (s *session) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", s.o.LockTimeout.Milliseconds())); err != nil {
		return fmt.Errorf("limit the wait for locks: %w", err)
	}
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// execAll runs the script's statements from index from on, in a transaction. Others wait for the locks of the first ones
// while a later one waits for its own, so the later ones get what is left of the timeout, and never less than a quarter.
func (s *session) execAll(ctx context.Context, db execer, script *Script, from int) error {
	limit := s.o.LockTimeout
	var held time.Time // when the first statement had its locks
	for i := from; i < len(script.Statements); i++ {
		if i > from {
			left := max(s.o.LockTimeout-time.Since(held), s.o.LockTimeout/4, time.Millisecond)
			if limit-left > s.o.LockTimeout/10 { // not for every statement of a quick file
				if _, err := db.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", left.Milliseconds())); err != nil {
					return fmt.Errorf("limit the wait for locks: %w", err)
				}
				limit = left
			}
		}
		if err := s.exec(ctx, db, script, i); err != nil {
			return err
		}
		if i == from {
			held = time.Now()
		}
	}
	return nil
}

// exec runs one statement and reports how long it took.
func (s *session) exec(ctx context.Context, db execer, script *Script, i int) error {
	stmt := script.Statements[i]
	start := time.Now()
	if _, err := db.Exec(ctx, stmt.Text); err != nil {
		return &StatementError{File: script.Name, Line: stmt.Line, SQL: stmt.Text, Err: err}
	}
	s.o.Log("  %3d/%d  %s  %s", i+1, len(script.Statements), summary(stmt.Text), round(time.Since(start)))
	return nil
}
