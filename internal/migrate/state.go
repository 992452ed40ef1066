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
	// Replaced are versions the database has whose files the directory's checkpoint stands for.
	Replaced []string `json:"replaced,omitempty"`
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
	dir, err := o.directory()
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
	replaced  []string // revisions older than the checkpoint
	problems  []*Problem
}

// pending is a migration to run, from its first statement or from where an earlier run was broken off.
type pending struct {
	*Migration
	resume *revision // nil when it was never begun
}

func newPlan(dir *Directory, revisions []revision) *plan {
	p := &plan{dir: dir, revisions: revisions}
	// Both lists are walked in the order of versions. The sums are cumulative, so once a file is in one list only, or was
	// changed, all later ones differ because of it and only the first is worth a sentence.
	same := true
	for i, j := 0, 0; i < len(dir.Migrations) || j < len(revisions); {
		switch {
		case j == len(revisions) || i < len(dir.Migrations) && dir.Migrations[i].Version < revisions[j].Version:
			same = p.onlyInDirectory(&dir.Migrations[i], j < len(revisions)) && same
			i++
		case i == len(dir.Migrations) || revisions[j].Version < dir.Migrations[i].Version:
			same = p.onlyInDatabase(&revisions[j]) && same
			j++
		default:
			same = p.inBoth(&dir.Migrations[i], &revisions[j], same) && same
			i, j = i+1, j+1
		}
	}
	return p
}

func (p *plan) say(code, version, format string, args ...any) {
	p.problems = append(p.problems, problem(code, version, format, args...))
}

// onlyInDirectory places a migration the database does not have; newer says that it has later ones.
func (p *plan) onlyInDirectory(m *Migration, newer bool) (same bool) {
	switch {
	case m.Up.Checkpoint != nil && len(p.replaced) > 0:
		p.problems = append(p.problems, behind(m, p.replaced[len(p.replaced)-1]))
	case !newer:
		p.pending = append(p.pending, pending{m, nil})
	case m.Version < p.revisions[0].Version && p.revisions[0].Type&revisionBaseline != 0:
		// A baseline covers what lies before it.
	default:
		p.say("out_of_order", m.Version, "%s is older than version %s, which is applied: give it a later timestamp (rename it and its reverse), then run `lockstep migrate hash`",
			m.Up.Name, p.current())
		return false
	}
	return true
}

// onlyInDatabase places a revision that the directory does not have.
func (p *plan) onlyInDatabase(r *revision) (same bool) {
	switch {
	case r.partial():
		p.say("dirty", r.Version, "version %s stopped after statement %d of %d%s and this directory does not hold it: run the release that does", r.Version, r.Applied, r.Total, because(r.Error))
	case p.beforeCheckpoint(r.Version):
		p.replaced = append(p.replaced, r.Version)
		return true // the checkpoint's histories know it
	case r.Version > p.dir.Latest():
		p.ahead = append(p.ahead, r.Version)
	case r.Type&revisionBaseline != 0:
	default:
		p.say("unknown", r.Version, "version %s is applied, but this directory does not hold it: bring its file back, or, on a development database, start from an empty one", r.Version)
	}
	return false
}

func (p *plan) beforeCheckpoint(version string) bool {
	c := p.dir.Checkpoint()
	return c != nil && version < c.Version
}

func (p *plan) inBoth(m *Migration, r *revision, comparable bool) (same bool) {
	switch {
	case r.partial() && m.Up.Checkpoint != nil && r.Hash != m.Up.Hash:
		p.problems = append(p.problems, behind(m, m.Version+", half applied"+because(r.Error)))
	case r.partial():
		p.pending = append(p.pending, pending{m, r})
	case comparable && r.Hash != "" && !m.Up.Recorded(r.Hash):
		p.say("edited", r.Version, "%s was changed after it was applied: restore the applied text and put the change into a new migration; on a development database, start from an empty one", m.Up.Name)
		return false
	}
	return true
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
	s := State{Current: p.current(), Latest: p.dir.Latest(), Applied: []Step{}, Pending: []Step{}, Ahead: slices.Concat([]string{}, p.ahead), Replaced: p.replaced, Problems: []*Problem{}}
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
