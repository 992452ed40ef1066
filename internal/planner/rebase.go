package planner

import (
	"fmt"
	"os"
	"path"
	"regexp"
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
	if err := o.settle(); err != nil {
		return nil, err
	}
	files, err := readFiles(o.Migrations)
	if err != nil {
		return nil, err
	}
	newest, checkpoint := "", ""
	for name, f := range files {
		if !strings.Contains(name, "/") && IsCheckpoint(f.Data) && !slices.Contains(base, name) {
			checkpoint = name // of this branch: it stands for what it replaced, and keeps its version
		}
	}
	for _, name := range base {
		if _, ok := files[name]; !ok && versionOf(name) > versionOf(checkpoint) {
			return nil, fmt.Errorf("%s is on the base branch and not here", name)
		}
		newest = max(newest, versionOf(name))
	}
	var own []string
	for name := range files {
		if !strings.Contains(name, "/") && strings.HasSuffix(name, ".sql") && name != checkpoint && !slices.Contains(base, name) {
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
	var changes []edit
	for _, r := range restamps {
		for _, folder := range []string{migrate.DownDir, "."} {
			from, to := path.Join(folder, r.From), path.Join(folder, r.To)
			if f, ok := files[from]; ok {
				text := string(f.Data)
				files[to] = f
				delete(files, from)
				changes = append(changes, edit{Name: from}, edit{Name: to, After: &text})
			}
		}
	}
	all, err := files.hashed()
	if err != nil {
		return nil, err
	}
	sums, err := edits(all, path.Join(migrate.DownDir, migrate.DownSumFile), migrate.SumFile)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path.Join(o.Migrations, migrate.DownDir), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of reverses: %w", err)
	}
	_, err = apply(o.Migrations, append(changes, sums...))
	return restamps, err
}

var checkpointLine = regexp.MustCompile(`(?m)^-- lockstep:checkpoint\b`)

// IsCheckpoint says whether a file of migrations stands for those that it replaced.
func IsCheckpoint(sql []byte) bool { return checkpointLine.Match(sql) }

func versionOf(name string) string {
	version, _, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
	return version
}
