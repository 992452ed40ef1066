package devdb

import (
	"fmt"
	"io"
)

// progress tells the developer about a slow or unusual step, a line at a time. That a line could not be written is no
// reason not to run a database.
type progress func(format string, args ...any)

func newProgress(w io.Writer) progress {
	if w == nil {
		w = io.Discard
	}
	return func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
}
