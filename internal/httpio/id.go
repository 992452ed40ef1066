package httpio

import (
	"github.com/go-faster/jx"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/uuidtext"
)

// ToUUID reads a parameter that is a UUID, in its one form.
func ToUUID(text string) (uuid.UUID, error) { return uuidtext.Parse(text) }

// UUID reads a UUID, in its one form.
func UUID(d *jx.Decoder) (uuid.UUID, error) {
	text, err := d.StrBytes()
	if err != nil {
		return uuid.Nil, err
	}
	return uuidtext.ParseBytes(text)
}
