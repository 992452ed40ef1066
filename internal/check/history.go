package check

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	names := make([]string, 0, len(merged))
	for name := range merged {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(r.root, "migrations", filepath.FromSlash(name))
		if _, err := os.Stat(path); err != nil {
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
		if version(name) <= newest {
			problems = append(problems, fmt.Sprintf("migrations/%s is older than version %s, which %s has by now: databases that have that one would refuse it; merge %s and run `lockstep migrate rebase --base %s`", name, newest, ref, ref, ref))
		}
	}
	return added, problems, nil
}

func version(name string) string {
	v, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".sql"), "_")
	return v
}
