package serving

import (
	"net/http"
	"strconv"

	"github.com/lockstep-dev/lockstep/internal/httpio"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// carried is what every answer carries unless its handler says otherwise: an API is not a page, so nothing may be loaded,
// framed or guessed from it, and answers to a token must not be kept by shared caches.
var carried = []field{
	newField("X-Content-Type-Options", "nosniff"),
	newField("X-Frame-Options", "DENY"),
	newField("Referrer-Policy", "no-referrer"),
	newField("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
	newField("Cache-Control", "no-store"),
}

// field is a header field that does not change.
type field struct {
	name, value string
	values      []string // shared: nobody changes one, only replaces it
}

func newField(name, value string) field {
	return field{http.CanonicalHeaderKey(name), value, []string{value}}
}

// statusRecorder remembers the status and adds what every answer carries, and what only the request's record knows: its id,
// the challenge that a 401 must carry (RFC 9110, section 15.5.2), when to try again (section 10.2.3), and how often one may
// (internal/ratelimit).
type statusRecorder struct {
	http.ResponseWriter
	entry *requestlog.Entry
	conn  *httpio.Conn // nil: answers are not held back
	held  bool
	code  int

	body    *body // nil: the request has none
	answers *budget
	hold    hold
}

// Hold has the answer leave as a whole when the request is over; see httpio.Write.
func (s *statusRecorder) Hold() bool {
	s.held = s.conn.Hold()
	return s.held
}

// AnswerBytes is how long a large answer will be at most; see httpio.Write.
func (s *statusRecorder) AnswerBytes() int64 { return s.entry.AnswerBytes }

// smallAnswer is the most bytes of an answer that is not counted: it fits into what the system keeps for a connection anyway.
const smallAnswer = 16 << 10

// Admit counts an answer of so many bytes until it has been taken; see httpio.Write. Its error says that too many are on their
// way. What has been changed is answered in any case.
func (s *statusRecorder) Admit(n int) error {
	s.entry.Seat.Leave(int64(n)) // who takes it slowly is in nobody's way
	if n <= smallAnswer || s.entry.Principal == nil {
		return nil
	}
	by := callerOf(s.entry.Principal)
	if !s.entry.Asks {
		s.hold.Force(s.answers, by.tenant, by, int64(n))
		return nil
	}
	if err := s.hold.Take(s.answers, by.tenant, by, int64(n)); err != nil {
		return overloaded(err, "answers")
	}
	return nil
}

// settle gives back what the request and its answer have had of the budgets.
func (s *statusRecorder) settle() {
	s.entry.Seat.Leave(0)
	s.hold.Release()
	s.body.release()
}

// WriteHeader implements http.ResponseWriter.
func (s *statusRecorder) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
		s.entry.Answered = true
		s.body.settle(s)
		s.addFields(code)
	}
	s.ResponseWriter.WriteHeader(code)
}

func (s *statusRecorder) addFields(code int) {
	h := s.Header()
	for i := range carried {
		f := &carried[i]
		switch _, said := h[f.name]; {
		case said:
		case s.held:
			s.conn.Field(f.name, f.value)
		default:
			h[f.name] = f.values
		}
	}
	s.add("X-Request-Id", s.entry.RequestID)
	if s.entry.RatePolicies != "" {
		s.add("RateLimit-Policy", s.entry.RatePolicies)
		s.add("RateLimit", s.entry.RateLimit)
	}
	if code == http.StatusUnauthorized && s.entry.Challenge != "" {
		httpio.Header(s, "WWW-Authenticate", s.entry.Challenge)
	}
	if s.entry.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(s.entry.Retry))
	}
}

// add adds a field of ours, whose name goes out as it is and whose value has no line break. To an answer that is
// held back it is added as it goes out: net/http copies, sorts and checks what is in the map.
func (s *statusRecorder) add(name, value string) {
	if s.held {
		s.conn.Field(name, value)
		return
	}
	s.Header()[name] = []string{value}
}

// Write implements http.ResponseWriter.
func (s *statusRecorder) Write(data []byte) (int, error) {
	if s.code == 0 {
		s.WriteHeader(http.StatusOK)
	}
	return s.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *statusRecorder) status() int {
	if s.code == 0 {
		return http.StatusOK
	}
	return s.code
}
