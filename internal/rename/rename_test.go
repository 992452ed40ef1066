package rename

import "testing"

func TestBeside(t *testing.T) {
	t.Parallel()
	for _, test := range [][3]string{
		{"@acme/core-sdk", "@lockstep/web", "@acme/web"}, {"acme-sdk", "@lockstep/web", "web"}, {"@acme/core-sdk", "web", "@acme/web"},
	} {
		if got := beside(test[0], test[1]); got != test[2] {
			t.Errorf("%s beside %s: got %s, want %s", test[1], test[0], got, test[2])
		}
	}
}
