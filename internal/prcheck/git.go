package prcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/git"
)

// repository is a git checkout.
type repository struct{ root string }

func (r repository) git(ctx context.Context, args ...string) (string, error) {
	return git.Run(ctx, r.root, args...)
}

// base resolves a reference and finds where this branch left it.
func (r repository) base(ctx context.Context, ref string) (tip, fork string, err error) {
	if tip, err = r.git(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}"); err != nil {
		return "", "", fmt.Errorf("there is no commit %s here: fetch it first (in CI: actions/checkout with fetch-depth: 0), or name another with --base", ref)
	}
	tip = strings.TrimSpace(tip)
	fork, err = r.git(ctx, "merge-base", tip, "HEAD")
	if err != nil {
		return "", "", fmt.Errorf("find where the branch left %s: %w: fetch the whole history (in CI: fetch-depth: 0)", ref, err)
	}
	return tip, strings.TrimSpace(fork), nil
}

// files lists a commit's migrations and reverses, by path below migrations/, with their contents' hashes.
func (r repository) files(ctx context.Context, commit string) (map[string]string, error) {
	out, err := r.git(ctx, "ls-tree", "-r", "-z", commit, "--", "migrations/")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for line := range strings.SplitSeq(strings.Trim(out, "\x00"), "\x00") {
		meta, name, ok := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		if ok && strings.HasSuffix(name, ".sql") && len(fields) == 3 {
			found[strings.TrimPrefix(name, "migrations/")] = fields[2]
		}
	}
	return found, nil
}

// worktree checks a commit out into a folder of its own. remove takes it away again.
func (r repository) worktree(ctx context.Context, commit string) (dir string, remove func(), err error) {
	parent, err := os.MkdirTemp("", "lockstep-base-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the base: %w", err)
	}
	dir = filepath.Join(parent, "checkout")
	if _, err := r.git(ctx, "worktree", "add", "--detach", "--force", dir, commit); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(parent))
	}
	return dir, func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = r.git(ctx, "worktree", "remove", "--force", dir)
		_ = os.RemoveAll(parent)
	}, nil
}
