package migrate

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Nothing is the version before the first: Down to it undoes everything.
const Nothing = "0"

// Down undoes the applied migrations newer than version to, newest first, each in one transaction with the removal of its
// revision. It first looks at all of them and, unless every one can be undone, undoes none: a reverse that is missing,
// empty or declared irreversible, a file changed since it was applied, one that was broken off half way (but for the making of
// an index) and a version this directory does not hold are all reasons. Rows written since may be lost with the columns and tables that go.
func Down(ctx context.Context, o Options, to string) (Result, error) {
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
	result := Result{DryRun: o.DryRun, From: p.current(), To: p.current(), Files: []FileResult{}}
	undo, err := p.reverses(to)
	if err != nil {
		return result, err
	}
	for _, m := range undo {
		var file FileResult
		if o.DryRun {
			file = preview(m.Down, 0)
		} else if file, err = s.undo(ctx, m); err != nil {
			return result, err
		}
		file.Version = m.Version
		result.Files = append(result.Files, file)
		if result.To = p.before(m.Version); m.Up.Checkpoint != nil {
			result.To = ""
		}
	}
	result.Millis = time.Since(start).Milliseconds()
	return result, nil
}

// reverses lists what to undo to get to a version, newest first, or says everything that forbids it.
func (p *plan) reverses(to string) ([]*Migration, error) {
	if _, applied := p.revision(to); !applied && to != Nothing {
		return nil, problem("version", to, "version %s is not applied: name an applied one (`server migrate status` lists them) or %s to undo all", to, Nothing)
	}
	var undo []*Migration
	var problems []error
	say := func(code, version, format string, args ...any) {
		problems = append(problems, problem(code, version, format, args...))
	}
	if c := p.dir.Checkpoint(); c != nil && to != Nothing && to < c.Version {
		return nil, problem("checkpoint", to, "version %s is among those that %s stands for, and their reverses went with them: run `server migrate down --to %s` here, then `server migrate down --to %s` of release %s",
			to, c.Up.Name, c.Version, to, c.Up.Checkpoint.Release)
	}
	for i := len(p.revisions) - 1; i >= 0 && (to == Nothing || p.revisions[i].Version > to); i-- {
		r := &p.revisions[i]
		if p.beforeCheckpoint(r.Version) && !r.partial() {
			continue // undone with the checkpoint
		}
		m := p.dir.Find(r.Version)
		switch {
		case m == nil:
			say("unknown", r.Version, "version %s cannot be undone from here, this directory does not hold it: run the release that does", r.Version)
		case r.partial() && !onlyAnIndex(r, m):
			say("dirty", r.Version, "%s is only partly applied: run `server migrate up` to finish it first", m.Up.Name)
		case r.Hash != "" && !m.Up.Recorded(r.Hash):
			say("edited", r.Version, "%s is not what was applied, so its reverse may not undo it: restore the applied text", m.Up.Name)
		case m.Up.Irreversible != "":
			say("irreversible", r.Version, "%s is declared irreversible: %s; restore a backup, or write a new migration", m.Up.Name, m.Up.Irreversible)
		case m.Down == nil:
			say("missing_down", r.Version, "%s has no reverse: write %s/%s and run `lockstep migrate hash`", m.Up.Name, DownDir, m.Up.Name)
		case len(m.Down.Statements) == 0:
			say("empty_down", r.Version, "%s/%s is empty: write what undoes the migration, or `-- lockstep:irreversible reason`", DownDir, m.Up.Name)
		case m.Down.NoTx && len(m.Down.Statements) > 1:
			say("statement", r.Version, "%s/%s runs outside a transaction and holds %d statements: it cannot be resumed; keep one", DownDir, m.Up.Name, len(m.Down.Statements))
		}
		undo = append(undo, m)
	}
	return undo, errors.Join(problems...)
}

// onlyAnIndex reports whether all that a broken-off file can have left is an index, valid or not, which its reverse drops if
// it is there: so a unique index that the rows do not allow is given up as well.
func onlyAnIndex(r *revision, m *Migration) bool {
	return r.Applied == 0 && m.Up.Recorded(r.Hash) && len(m.Up.Statements) == 1 && createsIndex.MatchString(m.Up.Statements[0].Text) &&
		m.Down != nil && len(m.Down.Statements) == 1 && m.Down.NoTx && droppedIndex.MatchString(m.Down.Statements[0].Text)
}

// before is the applied version just below one, empty for the first.
func (p *plan) before(version string) string {
	below := ""
	for i := range p.revisions {
		if v := p.revisions[i].Version; strings.Compare(v, version) < 0 {
			below = v
		}
	}
	return below
}

// undo runs one reverse.
func (s *session) undo(ctx context.Context, m *Migration) (FileResult, error) {
	if err := s.reset(ctx); err != nil {
		return FileResult{}, err
	}
	start := time.Now()
	s.o.Log("undo %s: %d statements", m.Up.Name, len(m.Down.Statements))
	err := s.retry(ctx, "undo "+m.Up.Name, func() error {
		if m.Down.NoTx && notInTx.MatchString(m.Down.Statements[0].Text) {
			// One statement, and index statements are the only ones worth this mode: an attempt that was broken off is
			// recognised by the index alone, so a second one needs no mark.
			done, err := s.cleanUp(ctx, m.Down, 0, true, true)
			if err == nil && !done {
				err = s.execAlone(ctx, m.Down, 0)
			}
			if err != nil {
				return err
			}
			return deleteRevision(ctx, s.conn, m)
		}
		return s.inTx(ctx, func(tx pgx.Tx) error {
			if err := s.execAll(ctx, tx, m.Down, 0); err != nil {
				return err
			}
			return deleteRevision(ctx, tx, m)
		})
	})
	if err != nil {
		return FileResult{}, err
	}
	took := time.Since(start)
	s.o.Log("undo %s: done in %s", m.Up.Name, round(took))
	return FileResult{Name: DownDir + "/" + m.Up.Name, Statements: len(m.Down.Statements), Millis: took.Milliseconds()}, nil
}
