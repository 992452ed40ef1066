package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// request is what is learnt of a request on its way, for its log line and its answer's headers.
type request struct {
	id        string
	operation string
	principal *auth.Principal
	code      problem.Code // of the problem that was answered, empty for a success
	challenge string       // WWW-Authenticate of a 401
	retry     int          // Retry-After, in seconds; 0: none
	policies  string       // RateLimit-Policy, empty: none
	limit     string       // RateLimit
	answered  bool         // the answer has begun
}

type requestKey struct{}

// requestFrom returns the record of the request; outside of one, a record nobody reads.
func requestFrom(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// acceptableID is a caller's X-Request-Id that may go into logs as it is.
var acceptableID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// track gives every request an id, answers it in X-Request-Id, bounds the request's context, so that statements and lock
// waits end with it, and writes one log line when the request ends.
func track(logger *slog.Logger, limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := &request{id: r.Header.Get("X-Request-Id")}
		if record.id == "" || !acceptableID.MatchString(record.id) {
			record.id = uuid.Must(uuid.NewV7()).String()
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), requestKey{}, record), limit)
		defer cancel()
		recorder := &statusRecorder{ResponseWriter: w, record: record}
		w.Header().Set("X-Request-Id", record.id)
		next.ServeHTTP(recorder, r.WithContext(ctx))

		attributes := []slog.Attr{
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.Int("status", recorder.status()),
			slog.Duration("took", time.Since(start)),
		}
		if record.operation != "" {
			attributes = append(attributes, slog.String("operation", record.operation))
		}
		if record.code != "" {
			attributes = append(attributes, slog.String("code", string(record.code)))
		}
		logger.LogAttrs(ctx, slog.LevelInfo, "request", attributes...)
	})
}

// statusRecorder remembers the status and adds what only the request's record knows: the challenge that a 401 must carry
// (RFC 9110, section 15.5.2), when to try again (section 10.2.3), and how often one may (internal/ratelimit).
type statusRecorder struct {
	http.ResponseWriter
	record *request
	code   int
}

func (s *statusRecorder) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
		if code == http.StatusUnauthorized && s.record.challenge != "" {
			s.Header().Set("WWW-Authenticate", s.record.challenge)
		}
		if s.record.retry > 0 {
			s.Header().Set("Retry-After", strconv.Itoa(s.record.retry))
		}
		if s.record.policies != "" {
			both := []string{s.record.policies, s.record.limit}
			h := s.Header() // the keys are in the form that it keeps
			h["Ratelimit-Policy"], h["Ratelimit"] = both[:1:1], both[1:]
		}
		s.record.answered = true
	}
	s.ResponseWriter.WriteHeader(code)
}

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

// recoverPanics answers a panic with a 500 and logs its stack. The server goes on: a panic concerns one request.
func recoverPanics(f *failures, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // net/http's own way to drop a connection
			}
			f.logger.ErrorContext(r.Context(), "panic",
				"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if requestFrom(r.Context()).answered {
				panic(http.ErrAbortHandler) // what has been sent is no whole answer, and must not look like one
			}
			f.write(r.Context(), w, problem.New(problem.Internal, "The server failed. Quote the request id when you report this."))
		}()
		next.ServeHTTP(w, r)
	})
}
