package migrate

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
)

// Statement is one SQL statement of a script.
type Statement struct {
	Text string
	Line int // in its file, from 1
}

var (
	transactionControl = regexp.MustCompile(`(?i)^(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b`)
	irreversible       = regexp.MustCompile(`(?m)^-- lockstep:irreversible[ \t]*(.*)$`)
)

// Split cuts a script into statements exactly as the Atlas CLI does for Postgres, so that both count and hash the same.
func Split(sql string) ([]Statement, error) {
	scanner := atlas.Scanner{ScannerOptions: atlas.ScannerOptions{
		MatchBegin:       true,
		MatchBeginAtomic: true,
		MatchDollarQuote: true,
		EscapedStringExt: true,
	}}
	scanned, err := scanner.Scan(sql)
	if err != nil {
		return nil, err
	}
	statements := make([]Statement, len(scanned))
	for i, s := range scanned {
		statements[i] = Statement{Text: s.Text, Line: 1 + strings.Count(sql[:min(max(s.Pos, 0), len(sql))], "\n")}
	}
	return statements, nil
}

// parseScript reads one file; place names it in errors.
func parseScript(place string, f atlas.File) (Script, error) {
	s := Script{Name: f.Name(), SQL: string(f.Bytes())}
	statements, err := Split(s.SQL)
	if err != nil {
		return s, problem("statement", "", "%s cannot be cut into statements: %v", place, err)
	}
	s.Statements = statements
	for _, stmt := range statements {
		if word := transactionControl.FindString(stmt.Text); word != "" {
			return s, problem("statement", "", "%s:%d: %s is not for a migration to say: each file runs in one transaction with its revision; "+
				"for a statement that cannot, use a file of its own that starts with `-- atlas:txmode none`", place, stmt.Line, strings.ToUpper(word))
		}
	}
	local := atlas.NewLocalFile(f.Name(), f.Bytes())
	switch modes := local.Directive("txmode"); {
	case len(modes) == 0, len(modes) == 1 && modes[0] == "file":
	case len(modes) == 1 && modes[0] == "none":
		s.NoTx = true
	default:
		return s, problem("statement", "", "%s: atlas:txmode is %s; it can be file (the default) or none", place, strings.Join(modes, ", "))
	}
	if len(local.Directive("checkpoint")) > 0 {
		return s, problem("statement", "", "%s is a checkpoint in Atlas' own form, which not every edition of the CLI knows: keep the migrations it replaces and run `lockstep migrate checkpoint`", place)
	}
	if m := irreversible.FindStringSubmatch(s.SQL); m != nil {
		if s.Irreversible = strings.TrimSpace(m[1]); s.Irreversible == "" {
			return s, problem("statement", "", "%s: lockstep:irreversible needs a reason after it", place)
		}
	}
	if s.Checkpoint, err = readCheckpoint(place, s.SQL); err != nil {
		return s, err
	}
	if s.Checkpoint != nil && s.NoTx {
		return s, problem("statement", "", "%s is a checkpoint and runs outside a transaction: remove atlas:txmode, so that a fresh database gets all of it or nothing", place)
	}
	s.Allowed, err = allowances(place, s.SQL)
	return s, err
}

// partialHashes are the hashes by which Atlas tells that statements already applied have not changed: each covers the
// statement and those before it.
func partialHashes(statements []Statement) []string {
	h := sha256.New()
	sums := make([]string, len(statements))
	for i, s := range statements {
		h.Write([]byte(s.Text))
		sums[i] = "h1:" + base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	return sums
}
