package migrate

import (
	"io/fs"
	"time"
)

// Options say what to run and where.
type Options struct {
	// Dir is the migrations directory.
	Dir fs.FS
	// URL connects as the role that owns the schema. It must reach Postgres directly or through a session-mode pooler: the
	// advisory lock belongs to the session. The role needs BYPASSRLS, see Up.
	URL string
	// Log takes one line of progress at a time. Nil drops them.
	Log func(format string, args ...any)
	// Read is the directory when it was read already; Dir is then not looked at.
	Read *Directory
	// To is the last version Up applies. Defaults to the newest.
	To string
	// DryRun lists what would run, with its SQL, and changes nothing.
	DryRun bool
	// LockTimeout is how long a statement may queue for a lock, keeping others waiting behind it, before its file is rolled
	// back and tried again. Defaults to 3 s.
	LockTimeout time.Duration
	// Retries is how often a file is tried again after a lock timeout or a deadlock. Defaults to 20; negative means never.
	Retries int
	// Backoff is the pause before the first retry; it doubles up to 16 times this. Defaults to 500 ms.
	Backoff time.Duration
	// Wait is how long to wait for another runner to finish. Defaults to 15 minutes.
	Wait time.Duration
	// Operator is recorded as who applied a revision. Defaults to "lockstep".
	Operator string
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = 3 * time.Second
	}
	if o.Retries == 0 {
		o.Retries = 20
	}
	if o.Backoff == 0 {
		o.Backoff = 500 * time.Millisecond
	}
	if o.Wait == 0 {
		o.Wait = 15 * time.Minute
	}
	if o.Operator == "" {
		o.Operator = "lockstep"
	}
	return o
}

// directory is what the options say to run.
func (o Options) directory() (*Directory, error) {
	if o.Read != nil {
		return o.Read, nil
	}
	return Read(o.Dir)
}

// Result is what Up or Down did, or, after a dry run, would do.
type Result struct {
	DryRun bool   `json:"dryRun"`
	From   string `json:"from"` // version before, empty for a fresh database
	To     string `json:"to"`   // version after
	// Files are in the order they ran.
	Files []FileResult `json:"files"`
	// Ahead are versions the database has and this directory does not know: a newer release was here.
	Ahead  []string `json:"ahead,omitempty"`
	Millis int64    `json:"millis"`
}

// FileResult is one file that ran.
type FileResult struct {
	Version    string   `json:"version"`
	Name       string   `json:"name"`
	Statements int      `json:"statements"` // how many ran this time
	Millis     int64    `json:"millis"`
	SQL        []string `json:"sql,omitempty"` // dry run only
}
