package migrate

import (
	"context"
	"slices"
	"strings"
)

// State is where a database stands against a directory.
type State struct {
	Current string `json:"current"` // newest version in the database, empty when it was never migrated
	Latest  string `json:"latest"`  // newest version in the directory
	Applied []Step `json:"applied"`
	Pending []Step `json:"pending"`
	// Ahead are versions the database has and the directory does not, all newer than Latest: a newer release was here.
	Ahead []string `json:"ahead"`
	// Problems are what a person has to look at before migrating.
	Problems []*Problem `json:"problems"`
}

// Step is one migration of the directory as the database sees it.
type Step struct {
	Version      string `json:"version"`
	Name         string `json:"name"`
	Applied      int    `json:"applied"` // statements that are in
	Total        int    `json:"total"`
	AppliedAt    string `json:"appliedAt,omitempty"` // RFC 3339
	By           string `json:"by,omitempty"`
	Error        string `json:"error,omitempty"` // of the last attempt
	Irreversible bool   `json:"irreversible,omitempty"`
}

// Clean says that the database is exactly what the directory describes.
func (s State) Clean() bool { return len(s.Pending) == 0 && len(s.Ahead) == 0 && len(s.Problems) == 0 }

// Status compares a database with a directory. It reads only, takes no lock, and works as the application's role.
func Status(ctx context.Context, o Options) (State, error) {
	o = o.withDefaults()
	dir, err := Read(o.Dir)
	if err != nil {
		return State{}, err
	}
	s, err := connect(ctx, o)
	if err != nil {
		return State{}, err
	}
	defer s.close()
	revisions, err := readRevisions(ctx, s.conn)
	if err != nil {
		return State{}, err
	}
	return newPlan(dir, revisions).state(), nil
}

// plan is what the directory and the revisions together say has to be done.
type plan struct {
	dir       *Directory
	revisions []revision
	pending   []pending
	ahead     []string
	problems  []*Problem
}

// pending is a migration to run, from its first statement or from where an earlier run was broken off.
type pending struct {
	*Migration
	resume *revision // nil when it was never begun
}

func newPlan(dir *Directory, revisions []revision) *plan {
	p := &plan{dir: dir, revisions: revisions}
	say := func(code, version, format string, args ...any) {
		p.problems = append(p.problems, problem(code, version, format, args...))
	}
	edited := false
	for i := range revisions {
		r := &revisions[i]
		m := dir.Find(r.Version)
		switch {
		case m == nil && r.partial():
			say("dirty", r.Version, "version %s stopped after statement %d of %d (%s) and this directory does not hold it: run the release that does", r.Version, r.Applied, r.Total, r.Error)
		case m == nil && r.Version > dir.Latest():
			p.ahead = append(p.ahead, r.Version)
		case m == nil && r.Type&revisionBaseline == 0:
			say("unknown", r.Version, "version %s is applied, but this directory does not hold it: bring its file back, or, on a development database, start from an empty one", r.Version)
		case m == nil:
		case r.partial():
			p.pending = append(p.pending, pending{m, r})
		case r.Hash != "" && r.Hash != m.Up.Hash && !edited:
			edited = true // the sums are cumulative: later ones differ because of this one
			say("edited", r.Version, "%s was changed after it was applied: restore the applied text and put the change into a new migration; on a development database, start from an empty one", m.Up.Name)
		}
	}
	for i := range dir.Migrations {
		m := &dir.Migrations[i]
		if _, found := p.revision(m.Version); found {
			continue
		}
		if len(revisions) > 0 && m.Version < revisions[0].Version && revisions[0].Type&revisionBaseline != 0 {
			continue
		}
		if len(revisions) > 0 && m.Version < revisions[len(revisions)-1].Version {
			say("out_of_order", m.Version, "%s is older than version %s, which is applied: give it a later timestamp (rename it and its reverse), then run `lockstep migrate hash`",
				m.Up.Name, revisions[len(revisions)-1].Version)
			continue
		}
		p.pending = append(p.pending, pending{m, nil})
	}
	slices.SortStableFunc(p.pending, func(a, b pending) int { return strings.Compare(a.Version, b.Version) })
	return p
}

func (p *plan) revision(version string) (*revision, bool) {
	i, found := slices.BinarySearchFunc(p.revisions, version, func(r revision, v string) int { return strings.Compare(r.Version, v) })
	if !found {
		return nil, false
	}
	return &p.revisions[i], true
}

func (p *plan) current() string {
	if len(p.revisions) == 0 {
		return ""
	}
	return p.revisions[len(p.revisions)-1].Version
}

func (p *plan) state() State {
	s := State{Current: p.current(), Latest: p.dir.Latest(), Applied: []Step{}, Pending: []Step{}, Ahead: slices.Concat([]string{}, p.ahead), Problems: []*Problem{}}
	for i := range p.dir.Migrations {
		m := &p.dir.Migrations[i]
		if r, found := p.revision(m.Version); found && !r.partial() {
			s.Applied = append(s.Applied, step(m, r))
		}
	}
	for _, m := range p.pending {
		s.Pending = append(s.Pending, step(m.Migration, m.resume))
		if m.resume != nil {
			s.Problems = append(s.Problems, problem("dirty", m.Version, "%s stopped after statement %d of %d%s: run `server migrate up` to resume it",
				m.Up.Name, m.resume.Applied, m.resume.Total, because(m.resume.Error)))
		}
	}
	s.Problems = append(s.Problems, p.problems...)
	return s
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return " (" + message + ")"
}

func step(m *Migration, r *revision) Step {
	s := Step{Version: m.Version, Name: m.Up.Name, Total: len(m.Up.Statements), Irreversible: m.Up.Irreversible != ""}
	if r != nil {
		s.Applied, s.AppliedAt, s.By, s.Error = int(r.Applied), r.ExecutedAt.UTC().Format("2006-01-02T15:04:05.999999Z07:00"), r.Operator, r.Error
	}
	return s
}
