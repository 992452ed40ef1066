// Package cursor encodes where a page of a keyset-paginated list ended. A cursor is opaque to callers and bound to its
// list: one list's cursor is refused by another.
package cursor

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// content is what a cursor holds. Names are short because they travel in URLs.
type content struct {
	List  string    `json:"l"`
	After uuid.UUID `json:"a"`
}

// Encode returns the cursor of the page that follows the row with id after.
func Encode(list string, after uuid.UUID) string {
	// Two plain fields always encode.
	text, _ := json.Marshal(content{List: list, After: after})
	return base64.RawURLEncoding.EncodeToString(text)
}

// Decode returns the id a cursor of the list ended with. Its error is a *problem.Error with the code invalid_cursor.
func Decode(list, text string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return uuid.Nil, invalid()
	}
	var c content
	if err := json.Unmarshal(raw, &c); err != nil || c.List != list || c.After == uuid.Nil {
		return uuid.Nil, invalid()
	}
	return c.After, nil
}

func invalid() error {
	return problem.New(problem.InvalidCursor, "The cursor is not one that this list gave out. Start again without a cursor.").
		At("?cursor", "invalid_cursor", "Pass nextCursor of the page before, unchanged.")
}
