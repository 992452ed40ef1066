package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// FingerprintFile holds what the migrations make of an empty database, object by object. It lies in the directory and is
// embedded with it, so that a release can tell drift without a database to compare with.
const FingerprintFile = "fingerprint.json"

// Verify looks for everything by which a database is not what the directory describes: files changed after they were
// applied, versions pending, unknown or half applied, and tenant-owned tables whose rows are not fenced
// in, and every object that is not what the migrations make it, with the SQL that would. State.Clean
// says whether all is well; a directory that disagrees with its own checksums is an error. It reads only.
func Verify(ctx context.Context, o Options) (State, error) {
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
	state := newPlan(dir, revisions).state()
	for _, step := range state.Pending {
		if step.Applied == 0 && step.Error == "" {
			state.Problems = append(state.Problems, problem("pending", step.Version, "%s is not applied: run `server migrate up`", step.Name))
		}
	}
	for _, version := range state.Ahead {
		state.Problems = append(state.Problems, problem("unknown", version, "version %s is applied and newer than this release: deploy the release that has it", version))
	}
	tables, err := pgcatalog.Tables(ctx, s.conn)
	if err != nil {
		return State{}, err
	}
	for _, t := range tables {
		for _, sentence := range t.Problems() {
			state.Problems = append(state.Problems, problem("fence", "", "%s", sentence))
		}
	}
	declared, err := pgcatalog.ReadDeclared(ctx, s.conn)
	if err != nil {
		return State{}, err
	}
	for _, d := range declared {
		for _, sentence := range d.Problems(false) {
			state.Problems = append(state.Problems, problem("fence", "", "%s", sentence))
		}
	}
	drift, err := s.drift(ctx, state)
	state.Problems = append(state.Problems, drift...)
	return state, err
}

// drift compares the live catalog with the fingerprint in the directory, when the database is at the version it was taken of.
func (s *session) drift(ctx context.Context, state State) ([]*Problem, error) {
	if s.o.Dir == nil {
		return nil, nil
	}
	b, err := fs.ReadFile(s.o.Dir, FingerprintFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // `lockstep migrate verify` does not let such a directory pass
	}
	if err != nil {
		return nil, fmt.Errorf("read the fingerprint: %w", err)
	}
	stored, err := pgcatalog.Decode(b)
	if err != nil {
		return nil, err
	}
	switch {
	case stored.Version != state.Latest:
		return []*Problem{problem("fingerprint", stored.Version, "%s is of version %s and the directory is at %s: run `lockstep migrate verify --write`", FingerprintFile, stored.Version, state.Latest)}, nil
	case state.Current != state.Latest || len(state.Pending) > 0:
		return nil, nil
	}
	live, err := pgcatalog.Read(ctx, s.conn, stored.Schemas()...)
	if err != nil {
		return nil, err
	}
	var out []*Problem
	for _, d := range stored.Drift(live) {
		p := problem("drift", "", "%s", d)
		if p.Repair = d.Repair(); len(p.Repair) == 0 {
			p.Message += " (" + d.Advice() + ")"
		}
		out = append(out, p)
	}
	return out, nil
}
