package migrate

import (
	"context"

	"github.com/lockstep-dev/lockstep/internal/catalog"
)

// Verify looks for everything by which a database is not what the directory describes: files changed after they were
// applied, versions pending, unknown or half applied, and tenant-owned tables whose rows are not fenced in. State.Clean
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
	tables, err := catalog.Tables(ctx, s.conn)
	if err != nil {
		return State{}, err
	}
	for _, t := range tables {
		for _, sentence := range t.Problems() {
			state.Problems = append(state.Problems, problem("fence", "", "%s", sentence))
		}
	}
	return state, nil
}
