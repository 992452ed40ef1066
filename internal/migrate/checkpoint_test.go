package migrate_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// old is a history of four migrations; the first three are replaced below.
var old = map[string]string{
	"1_a.sql": "CREATE TABLE a ();\n", "down/1_a.sql": "DROP TABLE a;\n",
	"2_b.sql": "CREATE TABLE b ();\n", "down/2_b.sql": "DROP TABLE b;\n",
	"3_c.sql": "-- atlas:txmode none\n\nCREATE TABLE c ();\nCREATE TABLE d ();\n", "down/3_c.sql": "DROP TABLE c, d;\n",
	"4_e.sql": "CREATE TABLE e ();\n", "down/4_e.sql": "DROP TABLE e;\n",
}

// squashed is the history with a checkpoint in place of the first three.
func squashed(t *testing.T, files map[string]string) map[string]string {
	t.Helper()
	return squashedTo(t, files, "3")
}

// squashedTo is a history with a checkpoint in place of all up to a version.
func squashedTo(t *testing.T, files map[string]string, version string) map[string]string {
	t.Helper()
	read, err := migrate.Read(history(t, files))
	if err != nil {
		t.Fatal(err)
	}
	var replaced []migrate.Script
	out := maps.Clone(files)
	for _, m := range read.Migrations {
		if m.Version <= version {
			replaced = append(replaced, m.Up)
			delete(out, m.Up.Name)
			delete(out, "down/"+m.Up.Name)
		}
	}
	h, err := migrate.History(replaced...)
	if err != nil {
		t.Fatal(err)
	}
	c := migrate.Checkpoint{Release: "v7", Histories: []string{h}}
	if earlier := read.Checkpoint(); earlier != nil {
		more, err := earlier.Up.Checkpoint.Continue(replaced[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		c.Histories = append(c.Histories, more...)
	}
	out[version+"_checkpoint.sql"] = c.Directives() + "CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c (); CREATE TABLE d ();\n"
	out["down/"+version+"_checkpoint.sql"] = "DROP TABLE a, b, c, d;\n"
	return out
}

func with(files map[string]string, name, text string) map[string]string {
	out := maps.Clone(files)
	out[name] = text
	return out
}

// Each case is what a database has before it meets the directory with the checkpoint.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		ran     map[string]string
		to      string // version
		fault   string // SQL
		next    map[string]string
		code    string // empty: it goes on
		says    []string
		applied int // files that Up runs
	}{
		{name: "nothing", next: squashed(t, old), applied: 2},
		{name: "all it stands for", ran: old, to: "3", next: squashed(t, old), applied: 1},
		{name: "also the file behind it, under the old sums", ran: old, next: squashed(t, old)},
		{name: "the checkpoint", ran: squashed(t, old), next: with(squashed(t, old), "5_f.sql", "SELECT 1;\n"), applied: 1},
		{name: "some", ran: old, to: "2", next: squashed(t, old), code: "checkpoint", says: []string{"at version 2", "3_checkpoint.sql", "release v7 first"}},
		{name: "the last one half", ran: old, to: "3", fault: "UPDATE atlas_schema_revisions.atlas_schema_revisions SET applied = 1 WHERE version = '3'", next: squashed(t, old),
			code: "checkpoint", says: []string{"at version 3, half applied", "release v7 first"}},
		{name: "another text of one", ran: with(old, "2_b.sql", "CREATE TABLE b (x int);\n"), to: "3", next: squashed(t, old), code: "edited", says: []string{"3_checkpoint.sql"}},
		{name: "another text of the file behind it", ran: with(old, "4_e.sql", "CREATE TABLE e (x int);\n"), next: squashed(t, old), code: "edited", says: []string{"4_e.sql"}},
		{name: "more than a newer directory holds", ran: with(old, "5_f.sql", "SELECT 1;\n"), next: squashed(t, old)},
		// A second checkpoint: the histories before the first one still count.
		{name: "the files before the first checkpoint", ran: old, next: squashedTo(t, squashed(t, old), "4")},
		{name: "the first checkpoint", ran: squashed(t, old), next: squashedTo(t, squashed(t, old), "4")},
		{name: "the first checkpoint alone", ran: squashed(t, old), to: "3", next: squashedTo(t, squashed(t, old), "4"), code: "checkpoint", says: []string{"at version 3", "4_checkpoint.sql"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			if test.ran != nil {
				o := options(t, history(t, test.ran), db.OwnerURL)
				if o.To = test.to; o.To == "" {
					o.To = "9"
				}
				if _, err := migrate.Up(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			if test.fault != "" {
				exec(t, connect(t, db.OwnerURL), test.fault)
			}
			o := options(t, history(t, test.next), db.OwnerURL)
			state, err := migrate.Status(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			result, err := migrate.Up(t.Context(), o)
			if test.code != "" {
				if len(state.Problems) != 1 {
					t.Fatalf("got problems %v, want one", state.Problems)
				}
				wantProblem(t, state.Problems[0], test.code, test.says...)
				wantProblem(t, err, test.code, test.says...)
				return
			}
			if len(state.Problems) > 0 || err != nil || len(result.Files) != test.applied {
				t.Fatalf("got problems %v, then %+v, %v; want %d files applied", state.Problems, result, err, test.applied)
			}
			state, err = migrate.Verify(t.Context(), o)
			if err != nil || len(state.Problems) > 0 && len(state.Ahead) == 0 {
				t.Errorf("verify: got %v, %v; want no problem", state.Problems, err)
			}
			if s, err := migrate.Stand(t.Context(), connect(t, db.OwnerURL), state.Latest); err != nil || !s.Holds || !s.Complete {
				t.Errorf("got %+v, %v; want a database the server takes", s, err)
			}
		})
	}
}

// Undoing goes back to the checkpoint, or before it to nothing at all.
func TestCheckpointDown(t *testing.T) {
	t.Parallel()
	for name, ran := range map[string]map[string]string{"after the old files": old, "after the checkpoint": squashed(t, old)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			mustUp(t, history(t, ran), db.OwnerURL)
			o := options(t, history(t, squashed(t, old)), db.OwnerURL)
			if len(ran) == len(old) {
				_, err := migrate.Down(t.Context(), o, "2")
				wantProblem(t, err, "checkpoint", "`server migrate down --to 3` here", "`server migrate down --to 2` of release v7")
			}
			result, err := migrate.Down(t.Context(), o, "3")
			if err != nil || len(result.Files) != 1 || result.To != "3" {
				t.Fatalf("got %+v, %v; want the last file undone", result, err)
			}
			if again := mustUp(t, o.Dir, db.OwnerURL); len(again.Files) != 1 {
				t.Errorf("up: got %+v, want the last file", again)
			}
			result, err = migrate.Down(t.Context(), o, migrate.Nothing)
			if err != nil || result.To != "" {
				t.Fatalf("got %+v, %v; want everything undone", result, err)
			}
			conn := connect(t, db.OwnerURL)
			if n := value[int](t, conn, "SELECT count(*) FROM atlas_schema_revisions.atlas_schema_revisions"); n != 0 || exists(t, conn, "a") {
				t.Errorf("got %d revisions, table a: %v; want nothing left", n, exists(t, conn, "a"))
			}
			if again := mustUp(t, o.Dir, db.OwnerURL); len(again.Files) != 2 {
				t.Errorf("up: got %+v, want the checkpoint and the last file", again)
			}
		})
	}
}

// A checkpoint in a place or a form that means nothing is refused when the directory is read.
func TestCheckpointRead(t *testing.T) {
	t.Parallel()
	whole := squashed(t, old)
	text := whole["3_checkpoint.sql"]
	line, _, _ := strings.Cut(text, "\n")
	tests := map[string]struct {
		files map[string]string
		code  string
		says  string
	}{
		"older files beside it": {with(whole, "2_b.sql", "SELECT 1;\n"), "checkpoint", "delete the older files"},
		"no release":            {with(whole, "3_checkpoint.sql", strings.Replace(text, line, "-- lockstep:checkpoint", 1)), "statement", "restore the file"},
		"no history":            {with(whole, "3_checkpoint.sql", line+"\nSELECT 1;\n"), "statement", "restore the file"},
		"no state":              {with(whole, "3_checkpoint.sql", line+"\n-- lockstep:history AAAA\nSELECT 1;\n"), "statement", "restore the file"},
		"no transaction":        {with(whole, "3_checkpoint.sql", "-- atlas:txmode none\n\n"+text), "statement", "remove atlas:txmode"},
		"in Atlas' form":        {with(whole, "3_checkpoint.sql", "-- atlas:checkpoint\n\nSELECT 1;\n"), "statement", "lockstep migrate checkpoint"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := migrate.Read(history(t, test.files))
			wantProblem(t, err, test.code, test.says)
		})
	}
}
