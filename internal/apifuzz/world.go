package apifuzz

import (
	"net/http"
	"regexp"
	"strings"
)

// World is the running system under test and what a request needs to know of it. A run goes through several: each has
// tenants of its own, because what requests do to one (taking away roles, suspending it) would starve later requests.
type World struct {
	Handler http.Handler
	// Callers in the order of what they may do: the first may do everything inside its tenant, the last need not be anybody.
	Callers []Caller
	// Needs are the operations that the first caller cannot use, with a caller who can.
	Needs map[string]Caller
	// IDs of rows by the path of their collection: /v1/users. Rows that requests create are added.
	IDs map[string][]string
	// References are the collections that fields and parameters of a name hold ids of: managerId → /v1/users.
	References map[string]string
	// Bodies are bodies known to be accepted, by operation id, with {{n}} for eight hexadecimal digits that no other row has and {{path}} for
	// an id of that collection.
	Bodies map[string][]string
	// Changed returns the tables of which rows were added, changed or removed since it was last called. Work that was rolled
	// back does not count.
	Changed func() ([]string, error)
	// Causes returns what the server has logged as errors since it was last called.
	Causes func() string
}

// Caller is somebody who sends requests.
type Caller struct {
	Name          string
	Authorization string // the header's value; empty for none
	// Essential callers are those without whom a world is of no more use: it is given up when they are refused as callers.
	Essential bool
}

func (w *World) fill(body, unique string) string {
	body = strings.ReplaceAll(body, "{{n}}", unique)
	for path, ids := range w.IDs {
		if len(ids) > 0 {
			body = strings.ReplaceAll(body, "{{"+path+"}}", ids[len(ids)-1])
		}
	}
	return placeholder.ReplaceAllString(body, nobody) // all of that collection are deleted
}

var placeholder = regexp.MustCompile(`\{\{/[^}]*\}\}`)

// nobody is an id that no row has.
const nobody = "01900000-0000-7000-8000-00000000dead"
