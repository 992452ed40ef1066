package serving

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/httpio"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// acceptableID is a caller's X-Request-Id that may go into logs as it is.
var acceptableID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// track gives every request an id, answers it in X-Request-Id, bounds the request's context, so that statements and lock
// waits end with it, and reports on it when it ends.
func track(o *observer, limit time.Duration, t *traffic, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := &requestlog.Entry{RequestID: r.Header.Get("X-Request-Id"), Asks: r.Method == http.MethodGet || r.Method == http.MethodHead}
		if entry.RequestID == "" || !acceptableID.MatchString(entry.RequestID) {
			entry.RequestID = uuid.Must(uuid.NewV7()).String()
		}
		o.recognise(entry, r)
		start := time.Now()
		if o.meter != nil {
			o.meter.RequestStarted()
		}
		ctx, span := o.begin(r.Context(), entry, r)
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		body := t.bodies.of(w, r, entry, start.Add(limit))
		recorder := &statusRecorder{ResponseWriter: w, entry: entry, conn: httpio.ConnOf(ctx), body: body, answers: t.answers}
		defer recorder.settle()
		defer recorder.conn.Release() // the answer is on its way when it has been reported on
		// Also when net/http drops the connection, which is a panic.
		defer func() { o.end(ctx, entry, r, span, recorder.status(), time.Since(start)) }()
		tracked := r.WithContext(ctx)
		if body != nil {
			tracked.Body = body
		}
		next.ServeHTTP(recorder, tracked)
		if recorder.code == 0 {
			recorder.WriteHeader(http.StatusOK) // as net/http would, without what every answer carries
		}
	})
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
			if requestlog.From(r.Context()).Answered {
				panic(http.ErrAbortHandler) // what has been sent is no whole answer, and must not look like one
			}
			f.write(r.Context(), w, problem.Of(problem.Internal))
		}()
		next.ServeHTTP(w, r)
	})
}
