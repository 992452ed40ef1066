package planner

import (
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

var (
	// renamedBefore is what a file says that stands for others: which renames they made.
	renamedBefore = regexp.MustCompile(`(?m)^-- lockstep:renamed[ \t]+(\S+)[ \t]*$`)
	alterTable    = regexp.MustCompile(`(?is)^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?:"?\w+"?\.)?"?(\w+)"?\s`)
	droppedColumn = regexp.MustCompile(`(?i)\bdrop\s+column\s+(?:if\s+exists\s+)?"?(\w+)"?`)
	droppedTable  = regexp.MustCompile(`(?is)^drop\s+table\s+(?:if\s+exists\s+)?(?:"?\w+"?\.)?"?(\w+)"?(?:\s|$)`)
)

// renamed lists the renames that the migrations make, each file as a whole: what it gives a spare name for a moment ends where
// it ends. Two names that were swapped look as they did before, so that only this tells whether it was done. A file that stands
// for older ones says `-- lockstep:renamed users.a=b` of theirs. Columns are given with the table's present name. What was dropped
// since is forgotten: a table or column of its name is another one.
func renamed(dir *migrate.Directory) []Rename {
	var out []Rename
	for _, m := range dir.Migrations {
		for _, w := range renamedBefore.FindAllStringSubmatch(m.Up.SQL, -1) {
			if r, err := ParseRename(w[1]); err == nil {
				out = append(out, r)
			}
		}
		var file []Rename
		for _, s := range m.Up.Statements {
			text := strings.TrimRight(s.Text, "; \n")
			if w := renameColumn.FindStringSubmatch(text); w != nil {
				file = follows(file, Rename{Table: w[1], Column: w[2], To: w[3]})
			} else if w := renameTable.FindStringSubmatch(text); w != nil {
				file = follows(file, Rename{Table: w[1], To: w[2]})
				out, file = underName(out, w[1], w[2]), underName(file, w[1], w[2])
			} else {
				gone := dropped(text)
				out, file = slices.DeleteFunc(out, gone), slices.DeleteFunc(file, gone)
			}
		}
		out = append(out, slices.DeleteFunc(file, func(r Rename) bool { return r.Column == r.To || r.Column == "" && r.Table == r.To })...)
	}
	return out
}

// underName gives renames of a table's columns with the name that it has now.
func underName(renames []Rename, table, now string) []Rename {
	out := slices.Clone(renames)
	for i, r := range out {
		if r.Column != "" && r.Table == table {
			out[i].Table = now
		}
	}
	return out
}

// dropped returns what tells whether a statement drops what a rename led to.
func dropped(statement string) func(Rename) bool {
	if w := droppedTable.FindStringSubmatch(statement); w != nil {
		return func(r Rename) bool { return r.Column != "" && r.Table == w[1] || r.Column == "" && r.To == w[1] }
	}
	table := alterTable.FindStringSubmatch(statement)
	return func(r Rename) bool {
		return table != nil && r.Column != "" && r.Table == table[1] &&
			slices.ContainsFunc(droppedColumn.FindAllStringSubmatch(statement, -1), func(w []string) bool { return w[1] == r.To })
	}
}

// upTo is the part of a directory that leads to a version.
func upTo(dir *migrate.Directory, version string) *migrate.Directory {
	out := &migrate.Directory{}
	for _, m := range dir.Migrations {
		if m.Version <= version {
			out.Migrations = append(out.Migrations, m)
		}
	}
	return out
}

// sayRenamed is what a file says that stands for others which made renames, a line for each.
func sayRenamed(renames []Rename) string {
	var b strings.Builder
	for _, r := range renames {
		b.WriteString("-- lockstep:renamed " + r.String() + "\n")
	}
	return b.String()
}

// follows adds a rename to those before it in the same file: what was renamed already goes on from its first name.
func follows(before []Rename, next Rename) []Rename {
	for i, r := range before {
		if (r.Column == "") == (next.Column == "") && (r.Column == "" && r.To == next.Table || r.Column != "" && r.Table == next.Table && r.To == next.Column) {
			before[i].To = next.To
			return before
		}
	}
	return append(before, next)
}
