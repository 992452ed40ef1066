package problem

import "slices"

// Code says what kind of failure happened. Codes are part of the contract: they never change their meaning.
type Code string

// Kind is a row of the table: all that is known of a code before it happens.
type Kind struct {
	Code   Code
	Status int    // of HTTP
	Title  string // summary, for people
	// Detail is the format of the sentence that most answers with the code have.
	Detail string
	// Meaning says what happened and Remedy what to do: phrases in Markdown, without capital and full stop.
	Meaning, Remedy string
}

// page describes every code, with an anchor for each.
const page = "https://github.com/lockstep-dev/lockstep/blob/main/docs/problems.md"

// TypeURI is the kind's URI, the type of RFC 9457. It leads to the description of the kind.
func (k Kind) TypeURI() string { return page + "#" + string(k.Code) }

var (
	kinds []Kind // in the order of the table
	rows  = map[Code]Kind{}
)

// kind adds a row to the table.
func kind(code Code, status int, title, detail, meaning, remedy string) Code {
	k := Kind{code, status, title, detail, meaning, remedy}
	kinds, rows[code] = append(kinds, k), k
	return code
}

// Kinds are all rows of the table, in its order.
func Kinds() []Kind { return slices.Clone(kinds) }

// Kind is the code's row; an empty one when the table has none.
func (c Code) Kind() Kind { return rows[c] }
