// Package httpio writes responses, finds parameters and reads request bodies for the generated server. It replaces ogen's way where that
// costs more (a buffer per response, a parsed time layout, an error with a stack per absent parameter) or accepts what the contract does not.
package httpio

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/clamp"
	"github.com/lockstep-dev/lockstep/internal/etag"
)

// Encoder is a body of the contract.
type Encoder interface {
	Encode(*jx.Encoder)
}

// jsonType is the value of Content-Type; it is shared and never changed.
var jsonType = []string{"application/json; charset=utf-8"}

// JSON says that the body is JSON.
func JSON(w http.ResponseWriter) { w.Header()["Content-Type"] = jsonType }

// Header sets a header whose name goes out as the contract writes it. http.Header.Set would write ETag as Etag: names are
// compared without case (RFC 9110, section 5.1), yet many clients keep them in a map that does not. http.Header.Get does not
// find a name that it would write in another way.
func Header(w http.ResponseWriter, name, value string) { w.Header()[name] = []string{value} }

// tagField is the header that Write completes.
const tagField = "ETag"

// Write sends a body with its length, so that it goes out as it is instead of in chunks, and completes the ETag that is about
// it. It sends nothing, and returns the error, of a writer that has no room for the body.
func Write(w http.ResponseWriter, status int, body Encoder) error {
	e := jx.GetEncoder()
	defer jx.PutEncoder(e)
	if known, ok := w.(sized); ok {
		if most := int(known.AnswerBytes()); most > cap(e.Bytes()) {
			e.Grow(most) // growing by a quarter each time would leave four times as much behind
		}
	}
	body.Encode(e)
	text := e.Bytes()
	if a, ok := w.(admitter); ok {
		if err := a.Admit(len(text)); err != nil {
			return err
		}
	}
	h := w.Header()
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	if tag := h[tagField]; len(tag) == 1 { //nolint:staticcheck // SA1008: as the contract writes it
		tag[0] = etag.Complete(tag[0], text)
	}
	holds, ok := w.(holder)
	held := ok && holds.Hold()
	w.WriteHeader(status)
	if _, err := w.Write(text); err != nil || !held {
		return err
	}
	// Out of net/http's buffers, to where it is held.
	return http.NewResponseController(w).Flush()
}

// sized is a ResponseWriter that knows how long a large answer will be at most.
type sized interface{ AnswerBytes() int64 }

// admitter is a ResponseWriter that may have no room for an answer of so many bytes. Its error is answered instead.
type admitter interface{ Admit(n int) error }

// holder is a ResponseWriter on a Conn.
type holder interface{ Hold() bool }

// Time writes an instant with the microseconds that Postgres keeps, as the layout 2006-01-02T15:04:05.999999Z07:00 does; for one
// that RFC 3339 cannot write, the nearest that it can.
func Time(e *jx.Encoder, t time.Time) {
	e.Raw(nil) // the comma, if there is to be one
	e.SetBytes(append(appendTime(append(e.Bytes(), '"'), t), '"'))
}

func appendTime(buf []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if _, offset := t.Zone(); offset != 0 || year < 1000 || year > 9999 {
		return clamp.Time(t).AppendFormat(buf, "2006-01-02T15:04:05.999999Z07:00")
	}
	hour, minute, second := t.Clock()
	buf = two(two(buf, year/100), year%100)
	buf = two(append(buf, '-'), int(month))
	buf = two(append(buf, '-'), day)
	buf = two(append(buf, 'T'), hour)
	buf = two(append(buf, ':'), minute)
	buf = two(append(buf, ':'), second)
	if micros := t.Nanosecond() / 1000; micros > 0 {
		buf = append(buf, '.')
		buf = two(two(two(buf, micros/10_000), micros/100%100), micros%100)
		for buf[len(buf)-1] == '0' {
			buf = buf[:len(buf)-1]
		}
	}
	return append(buf, 'Z')
}

// two appends a number below 100 as two digits.
func two(buf []byte, n int) []byte { return append(buf, byte('0'+n/10), byte('0'+n%10)) }
