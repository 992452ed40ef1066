package httpio

import (
	"time"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/timetext"
)

// ReadTime reads a date and time of RFC 3339. Its error is timetext.ErrForm for a text that is none.
func ReadTime(d *jx.Decoder) (time.Time, error) {
	text, err := d.Str()
	if err != nil {
		return time.Time{}, err
	}
	return timetext.Parse(text)
}
