package migrate

import (
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Checkpoint marks the first file of a directory as one that stands for older migrations, which are gone. The file has the
// version of the last of them, so a database that ran them goes on behind it, and a fresh one runs this file instead. It is
// a plain file to the Atlas CLI, whose own checkpoint form the pinned edition does not know.
type Checkpoint struct {
	// Release is the last release that holds the replaced files: a database that has only some of them runs it first.
	Release string
	// Histories are the states of the running checksum (SHA-256, as crypto/sha256 marshals it, in base64) after the replaced
	// files, one for each set of files that led to this version. Checksums are cumulative, so a state tells what a database
	// that ran those files has recorded for this version, and for each later file.
	Histories []string
}

var (
	checkpointLine = regexp.MustCompile(`(?m)^-- lockstep:checkpoint[ \t]*(.*)$`)
	historyLine    = regexp.MustCompile(`(?m)^-- lockstep:history[ \t]*(.*)$`)
)

// Directives are the lines that make a script this checkpoint.
func (c *Checkpoint) Directives() string {
	out := "-- lockstep:checkpoint " + c.Release + "\n"
	for _, h := range c.Histories {
		out += "-- lockstep:history " + h + "\n"
	}
	return out
}

// readCheckpoint reads a script's directives; nil when it is no checkpoint. place names it in errors.
func readCheckpoint(place, sql string) (*Checkpoint, error) {
	m := checkpointLine.FindStringSubmatch(sql)
	if m == nil {
		return nil, nil
	}
	c := &Checkpoint{Release: strings.TrimSpace(m[1])}
	for _, h := range historyLine.FindAllStringSubmatch(sql, -1) {
		c.Histories = append(c.Histories, strings.TrimSpace(h[1]))
	}
	_, err := c.sums(nil)
	if c.Release == "" || len(c.Histories) == 0 || err != nil {
		return nil, problem("statement", "", "%s: the lines of a checkpoint are `-- lockstep:checkpoint RELEASE` and `-- lockstep:history STATE`, as `lockstep migrate checkpoint` writes them: restore the file from version control", place)
	}
	return c, nil
}

// Former are the checksums that a database which ran the replaced files has recorded for the checkpoint's version, one for
// each history.
func (c *Checkpoint) Former() ([]string, error) {
	sums, err := c.sums(nil)
	if err != nil {
		return nil, err
	}
	return sums[0], nil
}

// Continue are the histories as they go on with later scripts.
func (c *Checkpoint) Continue(scripts ...Script) ([]string, error) {
	var out []string
	for _, h := range c.Histories {
		state, err := resumeHash(h)
		if err != nil {
			return nil, err
		}
		addScripts(state, scripts)
		text, err := saveHash(state)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// History is the state of the running checksum after scripts from the beginning of a directory.
func History(scripts ...Script) (string, error) {
	state := sha256.New()
	addScripts(state, scripts)
	return saveHash(state)
}

// sums are, for the checkpoint and then for each later script, the checksums by every history.
func (c *Checkpoint) sums(later []Script) ([][]string, error) {
	out := make([][]string, len(later)+1)
	for _, h := range c.Histories {
		state, err := resumeHash(h)
		if err != nil {
			return nil, err
		}
		out[0] = append(out[0], base64.StdEncoding.EncodeToString(state.Sum(nil)))
		for i := range later {
			addScripts(state, later[i:i+1])
			out[i+1] = append(out[i+1], base64.StdEncoding.EncodeToString(state.Sum(nil)))
		}
	}
	return out, nil
}

// addScripts goes on with a running checksum as Atlas does (sql/migrate, NewHashFile): name, then content.
func addScripts(state hash.Hash, scripts []Script) {
	for _, s := range scripts {
		_, _ = io.WriteString(state, s.Name+s.SQL) // a hash takes everything
	}
}

func resumeHash(text string) (hash.Hash, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	state := sha256.New()
	return state, state.(encoding.BinaryUnmarshaler).UnmarshalBinary(b)
}

func saveHash(state hash.Hash) (string, error) {
	b, err := state.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return "", fmt.Errorf("keep the running checksum: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// acceptFormer lets the checksums of databases that ran the replaced files pass for those of the directory's scripts.
func (d *Directory) acceptFormer() error {
	for i := range d.Migrations {
		m := &d.Migrations[i]
		if m.Up.Checkpoint == nil {
			continue
		}
		if i > 0 {
			return problem("checkpoint", m.Version, "%s is a checkpoint and stands for all before it, but %s is there too: delete the older files and their reverses, or, after a merge, run `lockstep migrate rebase`",
				m.Up.Name, d.Migrations[0].Up.Name)
		}
		later := make([]Script, 0, len(d.Migrations)-1)
		for _, n := range d.Migrations[1:] {
			later = append(later, n.Up)
		}
		sums, err := m.Up.Checkpoint.sums(later)
		if err != nil {
			return err
		}
		for j := range d.Migrations {
			d.Migrations[j].Up.Former = sums[j]
		}
	}
	return nil
}

// Checkpoint is the directory's checkpoint, or nil.
func (d *Directory) Checkpoint() *Migration {
	if len(d.Migrations) == 0 || d.Migrations[0].Up.Checkpoint == nil {
		return nil
	}
	return &d.Migrations[0]
}

// Recorded says whether a checksum is this script's, or was under files that a checkpoint replaced.
func (s *Script) Recorded(hash string) bool { return hash == s.Hash || slices.Contains(s.Former, hash) }

// behind says what to do for a database that has some of the files a checkpoint replaced and not all.
func behind(c *Migration, at string) *Problem {
	return problem("checkpoint", c.Version, "the database is at version %s, and %s stands for the migrations up to %s, of which it has only some: run `server migrate up` of release %s first, then this one",
		at, c.Up.Name, c.Version, c.Up.Checkpoint.Release)
}
