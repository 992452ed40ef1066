package prcheck

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

// history compares the migrations with those of the base: what was merged is neither edited nor deleted, and what is new
// is newer than all that the base has by now. added are the names of the new migrations.
func (r repository) history(ctx context.Context, tip, fork, ref string) (added, problems []string, err error) {
	merged, err := r.files(ctx, fork)
	if err != nil {
		return nil, nil, err
	}
	current, err := r.files(ctx, tip)
	if err != nil {
		return nil, nil, err
	}
	newest := ""
	for name := range current {
		newest = max(newest, version(name))
	}
	checkpoint, problem, err := r.checkpoint(ctx, fork, ref, merged)
	if err != nil {
		return nil, nil, err
	}
	if problem != "" {
		problems = append(problems, problem)
	}
	names := make([]string, 0, len(merged))
	for name := range merged {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(r.root, "migrations", filepath.FromSlash(name))
		if _, err := os.Stat(path); err != nil {
			if checkpoint != nil && version(name) <= checkpoint.Version {
				continue // it stands for them
			}
			problems = append(problems, fmt.Sprintf("migrations/%s is on %s and was deleted here: databases have it already; bring it back (git checkout %s -- migrations/%s) and undo it by a new migration", name, ref, ref, name))
			continue
		}
		hash, err := r.git(ctx, "hash-object", "--", path)
		if err != nil {
			return nil, nil, err
		}
		if strings.TrimSpace(hash) != merged[name] {
			problems = append(problems, fmt.Sprintf("migrations/%s is on %s and was edited here: databases have the old text already; restore it (git checkout %s -- migrations/%s) and put the change into a new migration", name, ref, ref, name))
		}
	}
	here, err := filepath.Glob(filepath.Join(r.root, "migrations", "*.sql"))
	if err != nil {
		return nil, nil, err
	}
	for _, path := range here {
		name := filepath.Base(path)
		if _, ok := current[name]; ok {
			continue
		}
		if _, ok := merged[name]; ok {
			continue
		}
		added = append(added, name)
		if version(name) <= newest && (checkpoint == nil || name != checkpoint.Up.Name) {
			problems = append(problems, fmt.Sprintf("migrations/%s is older than version %s, which %s has by now: databases that have that one would refuse it; merge %s and run `lockstep migrate rebase --base %s`", name, newest, ref, ref, ref))
		}
	}
	return added, problems, nil
}

// checkpoint is the checkpoint that this branch brings, if it stands for the files that the base has; problem says that it
// stands for others.
func (r repository) checkpoint(ctx context.Context, fork, ref string, merged map[string]string) (c *migrate.Migration, problem string, err error) {
	dir, err := migrate.Read(os.DirFS(filepath.Join(r.root, "migrations")))
	if err != nil {
		return nil, "", nil // the proof says what is wrong with the directory
	}
	c = dir.Checkpoint()
	if c == nil {
		return nil, "", nil
	}
	if _, there := merged[c.Up.Name]; there {
		return nil, "", nil
	}
	sums, _ := r.git(ctx, "show", fork+":migrations/"+migrate.SumFile) // without them nothing fits
	former, err := c.Up.Checkpoint.Former()
	if err != nil {
		return nil, "", err
	}
	for line := range strings.Lines(sums) {
		name, hash, ok := strings.Cut(strings.TrimSpace(line), " h1:")
		if ok && version(name) == c.Version && slices.Contains(former, hash) {
			return c, "", nil
		}
	}
	return nil, fmt.Sprintf("migrations/%s does not stand for the migrations that are on %s: bring those back (git checkout %s -- migrations) and run `lockstep migrate checkpoint --to %s` again", c.Up.Name, ref, ref, c.Version), nil
}

// proveCheckpoint makes the checkpoint's proof anew where this branch brings one.
func (r repository) proveCheckpoint(ctx context.Context, o planner.Options, fork, ref string) (problem string, err error) {
	merged, err := r.files(ctx, fork)
	if err != nil {
		return "", err
	}
	c, _, err := r.checkpoint(ctx, fork, ref, merged)
	if c == nil || err != nil {
		return "", err
	}
	base, remove, err := r.worktree(ctx, fork)
	if err != nil {
		return "", err
	}
	defer remove()
	if err := planner.ProveCheckpoint(ctx, o, os.DirFS(filepath.Join(base, "migrations"))); err != nil {
		return fmt.Sprintf("migrations/%s: %v", c.Up.Name, err), ctx.Err()
	}
	return "", nil
}

// ReleaseOf names the commit that is checked out, by the newest tag before it where there is one, and makes sure that it
// has a migration.
func ReleaseOf(ctx context.Context, root, migration string) (string, error) {
	r := repository{root}
	if _, err := r.git(ctx, "cat-file", "-e", "HEAD:migrations/"+migration); err != nil {
		return "", fmt.Errorf("migrations/%s is not committed, so no release has it: only what is released is worth a checkpoint; commit and release it first, or name the release with --release", migration)
	}
	name, err := r.git(ctx, "describe", "--tags", "--always", "HEAD")
	return strings.TrimSpace(name), err
}

func version(name string) string {
	v, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".sql"), "_")
	return v
}
