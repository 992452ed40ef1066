// Package migrations holds the history of the database: planned, checksummed and never edited once merged. The files are
// written by `make migration`, proven by `make verify` and applied by `server migrate up` from the copy embedded here.
package migrations

import "embed"

// FS holds the migrations and their checksums, and under down/ their reverses with theirs.
//
// The pattern takes this source file along. It also builds while there is no migration yet, which planning the first one
// must be able to rely on.
//
//go:embed *
var FS embed.FS
