package serving

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/errmap"
	"github.com/lockstep-dev/lockstep/internal/inflight"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// caller is whom bytes in flight are counted for.
type caller struct {
	tenant   uuid.UUID
	identity string
}

// budget counts for each caller, and for each tenant; the platform is one, whose id is zero.
type (
	budget = inflight.Budget[uuid.UUID, caller]
	hold   = inflight.Hold[uuid.UUID, caller]
)

func callerOf(p *authn.Principal) caller { return caller{tenant: p.TenantID, identity: p.Identity()} }

// bodies are the rules that all request bodies are read by.
type bodies struct {
	limit  int64         // bytes of one
	budget *budget       // bytes of all that are on their way
	window time.Duration // over which a sender is measured
}

// body is a request's body. What is read of it counts against the budget until the request is over. Its errors are those of
// the connection and *problem.Error: payload_too_large, rate_limited and unavailable where too many bytes are on their way,
// request_timeout for a sender that is too slow.
type body struct {
	*bodies
	from    io.Reader
	entry   *requestlog.Entry
	conn    *http.ResponseController
	overall time.Time // when the time for the request is over
	expects bool      // the client waits to be told to go on: reading tells it
	left    int64     // bytes until the limit
	pace    inflight.Pace
	hold    hold
	err     error // what further reads are answered
}

// of returns the body of the request, nil if it has none.
func (b *bodies) of(w http.ResponseWriter, r *http.Request, entry *requestlog.Entry, overall time.Time) *body {
	if r.Body == nil || r.ContentLength == 0 { // an unknown length is -1
		return nil
	}
	out := &body{
		bodies: b, from: r.Body, entry: entry, conn: http.NewResponseController(w), overall: overall,
		expects: r.Header.Get("Expect") != "", left: b.limit, pace: inflight.Pace{Window: b.window},
	}
	if r.ContentLength > b.limit {
		out.err = tooLarge(b.limit)
	}
	return out
}

// Close does nothing: net/http closes what it has opened, and reads on first when it is asked to.
func (b *body) Close() error { return nil }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.entry.Principal == nil:
		// Nobody's bytes are read: whoever sends them is known before.
		b.err = errors.New("serving: a body is read before its sender is known")
		return 0, b.err
	case len(p) == 0:
		return 0, nil
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more byte tells a body over the limit from one that has it
	}
	if due := b.pace.Due(time.Now); due.Before(b.overall) && !due.IsZero() {
		_ = b.conn.SetReadDeadline(due) // not known where there is no connection, as in tests
	}
	n, err := b.from.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), tooLarge(b.limit)
	}
	b.left -= int64(n)
	b.pace.Moved(int64(n), time.Now)
	switch {
	case err == nil, errors.Is(err, io.EOF):
		by := callerOf(b.entry.Principal)
		if over := b.hold.Take(b.budget, by.tenant, by, int64(n)); over != nil {
			n, err = 0, overloaded(over, "bodies")
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = problem.Of(problem.RequestTimeout, inflight.Rate)
	}
	if b.err = err; errors.Is(err, io.EOF) {
		// From here on net/http reads to learn whether the client is still there, for as long as the request may take.
		_ = b.conn.SetReadDeadline(b.overall)
	}
	return n, err
}

func tooLarge(limit int64) error {
	return problem.Of(problem.PayloadTooLarge, limit)
}

// overloaded is the problem of a budget that has no room for more bodies, or answers. What is 503 wraps err, which the log
// tells the cause by.
func overloaded(err error, of string) error {
	if errors.Is(err, inflight.ErrCaller) {
		p := problem.New(problem.RateLimited, problem.BytesOfCaller, of)
		p.RetryAfter = 1
		return p
	}
	p := problem.New(problem.Unavailable, problem.BytesOfAll, of)
	if errors.Is(err, inflight.ErrTenant) {
		p = problem.New(problem.Unavailable, problem.BytesOfTenant, of)
	}
	return fmt.Errorf("%w: %w", err, errmap.Unavailable(p))
}

// settle is called when the answer begins. An answer waits for no body, and nobody's bytes are thrown away for it: of a body
// that is not read only what has come with the head is, and the connection ends after the answer if there is more. net/http
// would read on for up to 256 KiB, before the answer or after it.
func (b *body) settle(w http.ResponseWriter) {
	if b == nil || errors.Is(b.err, io.EOF) {
		return
	}
	// Reads what is here and waits for nothing.
	if err := b.conn.SetReadDeadline(time.Unix(1, 0)); err == nil && b.err == nil && !b.expects {
		if _, err := io.Copy(io.Discard, io.LimitReader(b.from, maxHeaders)); err == nil {
			if n, err := b.from.Read(make([]byte, 1)); n == 0 && errors.Is(err, io.EOF) {
				_ = b.conn.SetReadDeadline(b.overall)
				return
			}
		}
	}
	w.Header().Set("Connection", "close")
	lingerClose(w)
}

// lingerClose has net/http close the connection after the answer as it does after a body over the limit of a MaxBytesReader,
// which is the one public way to it: not before the client has had half a second to read the answer. A connection that is
// closed while there are bytes to read is reset, and the answer may be lost with it (RFC 9112, section 9.6).
func lingerClose(w http.ResponseWriter) {
	for {
		wrapped, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = wrapped.Unwrap()
	}
	_, _ = http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
}

// release gives back what the body has of the budget.
func (b *body) release() {
	if b != nil {
		b.hold.Release()
	}
}
