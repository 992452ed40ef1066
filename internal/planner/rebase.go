package planner

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// Restamp is one file that got a later version.
type Restamp struct{ From, To string }

// Rebase gives the migrations that the base branch does not have later versions than all that it has, in their own order,
// and hashes the directory anew. base are the names of the base branch's migrations; all of them must be here already. The
// fingerprint is stale afterwards.
func Rebase(o Options, base []string) ([]Restamp, error) {
	o = o.withDefaults()
	files, err := readFiles(o.Migrations)
	if err != nil {
		return nil, err
	}
	newest := ""
	for _, name := range base {
		if _, ok := files[name]; !ok {
			return nil, fmt.Errorf("%s is on the base branch and not here: merge or rebase the branch first (git), keeping both sides' files, then run this again", name)
		}
		newest = max(newest, versionOf(name))
	}
	var own []string
	for name := range files {
		if !strings.Contains(name, "/") && strings.HasSuffix(name, ".sql") && !slices.Contains(base, name) {
			own = append(own, name)
		}
	}
	slices.Sort(own)
	var restamps []Restamp
	if len(own) > 0 && versionOf(own[0]) <= newest {
		for _, name := range own {
			version := nextVersion(o.Now(), newest)
			newest = version
			restamps = append(restamps, Restamp{name, version + strings.TrimPrefix(name, versionOf(name))})
		}
	}
	var renamed [][2]string
	for _, r := range restamps {
		for _, folder := range []string{".", migrate.DownDir} {
			from, to := filepath.Join(o.Migrations, folder, r.From), filepath.Join(o.Migrations, folder, r.To)
			if _, ok := files[path.Join(folder, r.From)]; !ok {
				continue
			}
			if err := os.Rename(from, to); err != nil {
				for _, pair := range renamed {
					err = errors.Join(err, os.Rename(pair[1], pair[0]))
				}
				return nil, fmt.Errorf("give %s a later version: %w", r.From, err)
			}
			renamed = append(renamed, [2]string{from, to})
		}
	}
	_, err = Hash(o.Migrations)
	return restamps, err
}

func versionOf(name string) string {
	version, _, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
	return version
}
