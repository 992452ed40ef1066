package pgcatalog

import "fmt"

// Difference is one object in which two databases differ. An object that one of them lacks has an empty side and the
// matching flag set.
type Difference struct {
	Object  string `json:"object"` // kind and name
	Kind    string `json:"-"`
	Name    string `json:"-"`
	Want    string `json:"want,omitempty"`
	Got     string `json:"got,omitempty"`
	Missing bool   `json:"missing,omitempty"` // wanted, but not there
	Extra   bool   `json:"extra,omitempty"`   // there, but not wanted

	carried bool // comes and goes with another object that differs too
}

// String says what is wrong in one line.
func (d Difference) String() string {
	switch {
	case d.Missing && d.Want == "":
		return d.Object + ": missing"
	case d.Missing:
		return fmt.Sprintf("%s: missing, want %s", d.Object, d.Want)
	case d.Extra && d.Got == "":
		return d.Object + ": should not be there"
	case d.Extra:
		return fmt.Sprintf("%s: should not be there: %s", d.Object, d.Got)
	}
	return fmt.Sprintf("%s: got %s, want %s", d.Object, d.Got, d.Want)
}

// Advice says what to do where Repair gives no statement; it is empty where it does.
func (d Difference) Advice() string {
	switch {
	case d.carried:
		return "it comes and goes with the object it belongs to, which differs too"
	case len(d.Repair()) > 0:
		return ""
	}
	return "no statement repairs it in place: make it anew as the migrations do, or plan a migration that makes the change official"
}

// Diff lists the objects in which got differs from want, ordered by kind and name.
func Diff(got, want Fingerprint) []Difference {
	var out []Difference
	for len(got) > 0 || len(want) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && compare(want[0], got[0]) < 0:
			out = append(out, Difference{Object: want[0].Kind + " " + want[0].Name, Kind: want[0].Kind, Name: want[0].Name, Want: want[0].Definition, Missing: true})
			want = want[1:]
		case len(want) == 0 || compare(got[0], want[0]) < 0:
			out = append(out, Difference{Object: got[0].Kind + " " + got[0].Name, Kind: got[0].Kind, Name: got[0].Name, Got: got[0].Definition, Extra: true})
			got = got[1:]
		default:
			if !SameDefinition(want[0].Kind, got[0].Definition, want[0].Definition) {
				out = append(out, Difference{Object: want[0].Kind + " " + want[0].Name, Kind: want[0].Kind, Name: want[0].Name, Got: got[0].Definition, Want: want[0].Definition})
			}
			got, want = got[1:], want[1:]
		}
	}
	return out
}
