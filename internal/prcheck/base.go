package prcheck

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/planner"
)

// BaseMigrations lists the names of the migrations that a reference has, in their order: those of this branch are to follow
// them. It refuses a reference they cannot follow: one without migrations; one with a migration that is not here; and one
// without a migration that the default branch or a release has, which databases know by the version it has.
func BaseMigrations(ctx context.Context, root, ref string) ([]string, error) {
	r := repository{root}
	tip, _, err := r.base(ctx, ref)
	if err != nil {
		return nil, err
	}
	names, err := r.migrations(ctx, tip)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s (%.10s) has no migrations, so none can follow them: name the branch that yours is to be merged into, --base origin/main", ref, tip)
	}
	own, err := r.ownCheckpoint(names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if own != "" && version(name) <= version(own) {
			continue // the checkpoint stands for it
		}
		if err := r.isHere(ctx, name, ref, tip); err != nil {
			return nil, err
		}
	}
	return names, r.lacksNone(ctx, names, ref, tip)
}

// ownCheckpoint is the name of the checkpoint in the working tree that the base does not have; empty: there is none.
func (r repository) ownCheckpoint(base []string) (string, error) {
	here, err := filepath.Glob(filepath.Join(r.root, "migrations", "*.sql"))
	if err != nil {
		return "", err
	}
	for _, path := range here {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		if name := filepath.Base(path); planner.IsCheckpoint(text) && !slices.Contains(base, name) {
			return name, nil
		}
	}
	return "", nil
}

// migrations lists the names of a commit's migrations, in their order.
func (r repository) migrations(ctx context.Context, commit string) ([]string, error) {
	files, err := r.files(ctx, commit)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range files {
		if !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// isHere says why a migration of the base is not in the working tree.
func (r repository) isHere(ctx context.Context, name, ref, tip string) error {
	_, err := os.Stat(filepath.Join(r.root, "migrations", name))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, merged := range []string{"HEAD", "MERGE_HEAD"} {
		if _, err := r.git(ctx, "merge-base", "--is-ancestor", tip, merged); err == nil {
			return fmt.Errorf("migrations/%s is on %s (%.10s), which is merged, and was deleted here: databases have it already; bring it back (git checkout %s -- migrations/%s migrations/down/%s), then run this again", name, ref, tip, ref, name, name)
		}
	}
	return fmt.Errorf("migrations/%s is on %s (%.10s) and not here, because %s is not merged into this branch: git merge %s first, keeping both sides' .sql files, then run this again; or name another --base if yours is not to be merged into %s", name, ref, tip, ref, ref, ref)
}

// lacksNone finds a migration of the working tree that others have and the base has not: it would be taken for this branch's
// and get another version.
func (r repository) lacksNone(ctx context.Context, base []string, ref, tip string) error {
	here, err := filepath.Glob(filepath.Join(r.root, "migrations", "*.sql"))
	if err != nil {
		return err
	}
	holders, err := r.holders(ctx, tip)
	if err != nil {
		return err
	}
	for _, holder := range holders {
		names, err := r.migrations(ctx, holder)
		if err != nil {
			return err
		}
		for _, path := range here {
			name := filepath.Base(path)
			if slices.Contains(names, name) && !slices.Contains(base, name) {
				return fmt.Errorf("migrations/%s is on %s and not on %s (%.10s), so %s is out of date or not the branch to follow: databases may know that migration by its version, and it would get another; run git fetch, or name the right one: --base %s", name, holder, ref, tip, ref, holder)
			}
		}
	}
	return nil
}

// holders are the references whose migrations databases may have run: the default branch, here and at the remotes, and the tags
// of releases. The branch that is being worked on and what the base has are not among them.
func (r repository) holders(ctx context.Context, tip string) ([]string, error) {
	out, err := r.git(ctx, "for-each-ref", "--no-merged="+tip, "--format=%(refname) %(if)%(symref)%(then)%(symref:short)%(else)%(refname:short)%(end)",
		"refs/heads/main", "refs/heads/master", "refs/remotes/*/main", "refs/remotes/*/master", "refs/remotes/*/HEAD", "refs/tags/v[0-9]*")
	if err != nil {
		return nil, err
	}
	current, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	var holders []string
	for line := range strings.Lines(out) {
		if full, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok && full != current {
			holders = append(holders, name)
		}
	}
	return holders, nil
}

// current is the full name of the branch that is being worked on; empty when there is none. While git rebases one, none is checked
// out.
func (r repository) current(ctx context.Context) (string, error) {
	if head, err := r.git(ctx, "symbolic-ref", "--quiet", "HEAD"); err == nil {
		return strings.TrimSpace(head), nil
	}
	for _, state := range []string{"rebase-merge", "rebase-apply"} {
		path, err := r.git(ctx, "rev-parse", "--path-format=absolute", "--git-path", state+"/head-name")
		if err != nil {
			return "", err
		}
		head, err := os.ReadFile(strings.TrimSpace(path))
		if err == nil {
			return strings.TrimSpace(string(head)), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find the branch that is being rebased: %w", err)
		}
	}
	return "", nil
}
