package devdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// originName is the file in a data folder that tells which builds of Postgres have had it. It lies beside the data so that the two
// come and go together.
const originName = "lockstep.json"

// origin is where a cluster's data comes from. Builds are as in binaries.build; empty when unknown, as of data older than this file.
type origin struct {
	Made   string `json:"made"`
	Opened string `json:"opened"` // last

	major int    // 0 when there is no data
	dir   string // of the data
}

// made names the build that made the data, or the major version where that is all there is to know.
func (o origin) made() string {
	if o.Made != "" {
		return o.Made
	}
	return strconv.Itoa(o.major)
}

// familiar picks the build that made the data, or else the one that had it last, out of those there are.
func (o origin) familiar(there func() []binaries) (binaries, bool) {
	if o.Made == "" && o.Opened == "" {
		return binaries{}, false
	}
	all := there()
	for _, build := range []string{o.Made, o.Opened} {
		if i := slices.IndexFunc(all, func(b binaries) bool { return b.build == build }); i >= 0 {
			return all[i], true
		}
	}
	return binaries{}, false
}

// refuse says that a variable chooses a Postgres which cannot open the data.
func (o origin) refuse(variable, build string) error {
	return fmt.Errorf("the data in %s was made by Postgres %s and %s chooses %s: a major version cannot open the data of another. Unset %s to go on with this data, or remove %s to start with an empty database",
		o.dir, o.made(), variable, build, variable, o.folder())
}

// folder is the cluster's, which holds the data.
func (o origin) folder() string { return filepath.Dir(o.dir) }

// readOrigin looks at a data folder, which need not be there.
func readOrigin(data string) (origin, error) {
	o := origin{major: dataMajor(data), dir: data}
	if o.major == 0 {
		return o, nil
	}
	text, err := os.ReadFile(filepath.Join(data, originName))
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return o, fmt.Errorf("read which Postgres made the data: %w", err)
	}
	return o, nil
}

// write keeps the origin in a data folder, as the account's own.
func (o origin) write(data string, run account) error {
	text, err := json.Marshal(o)
	if err == nil {
		path := filepath.Join(data, originName)
		err = errors.Join(os.WriteFile(path, append(text, '\n'), 0o600), run.give(path))
	}
	if err != nil {
		return fmt.Errorf("keep which Postgres made the data: %w", err)
	}
	return nil
}

// tellChange says that another build opens the data than the last one, and what can be done about it. The format of the data is the
// same within a major version (Postgres' versioning policy); what a build sorts and compiles in need not be.
func (o origin) tellChange(b binaries, say progress) {
	switch {
	case o.major == 0 || o.Opened == b.build:
	case o.Opened == "":
		say("It is not known which build of Postgres %d made the data in %s; %s (%s) opens it now", o.major, o.dir, b.build, b.dir)
	default:
		say("The data in %s was opened by Postgres %s before; %s (%s) opens it now. To have the one before, name its folder in %s; to start with an empty database, remove %s",
			o.dir, o.Opened, b.build, b.dir, binDirVariable, o.folder())
	}
}
