// Package uuidtext reads UUIDs in their one textual form (RFC 9562, section 4). uuid.Parse takes four: also with urn:uuid:
// before it, in braces, and without hyphens. One id would have several spellings in URLs, keys and logs.
package uuidtext

import (
	"errors"

	"github.com/google/uuid"
)

// ErrForm says that a text is no UUID, or is one in another form.
var ErrForm = errors.New("not a UUID of 36 characters")

// Length is that of the form in bytes.
const Length = 36

// Parse reads 8-4-4-4-12 hexadecimal digits of either case. Its error is ErrForm.
func Parse(text string) (uuid.UUID, error) {
	if len(text) != Length {
		return uuid.Nil, ErrForm
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, ErrForm
	}
	return id, nil
}

// ParseBytes is Parse for bytes.
func ParseBytes(text []byte) (uuid.UUID, error) {
	if len(text) != Length {
		return uuid.Nil, ErrForm
	}
	id, err := uuid.ParseBytes(text)
	if err != nil {
		return uuid.Nil, ErrForm
	}
	return id, nil
}
