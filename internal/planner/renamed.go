package planner

import (
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// renamedBefore is what a file says that stands for others: which renames they made.
var renamedBefore = regexp.MustCompile(`(?m)^-- lockstep:renamed[ \t]+(\S+)[ \t]*$`)

// renamed lists the renames that the migrations make, each file as a whole: what it gives a spare name for a moment ends where
// it ends. Two names that were swapped look as they did before, so that only this tells whether it was done. A file that stands
// for older ones says `-- lockstep:renamed users.a=b` of theirs. Columns are given with the table's present name.
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
				for _, list := range [][]Rename{out, file} {
					for i := range list {
						if list[i].Column != "" && list[i].Table == w[1] {
							list[i].Table = w[2]
						}
					}
				}
			}
		}
		out = append(out, slices.DeleteFunc(file, func(r Rename) bool { return r.Column == r.To || r.Column == "" && r.Table == r.To })...)
	}
	return out
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
