package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/go-faster/jx"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/journal"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// HeadersTooLarge is the whole answer, head and body, to a request whose headers are so large that net/http reads no further:
// there is no request then that the handler could see. It is the problem that limitHead answers, and ends the connection.
func HeadersTooLarge(ctx context.Context, logger *slog.Logger) []byte {
	id := uuid.Must(uuid.NewV7()).String()
	ctx = journal.With(ctx, &journal.Entry{RequestID: id})
	f := &failures{logger: logger}
	answer := f.answer(ctx, problem.Of(problem.HeadersTooLarge, maxHeaders))
	encoder := jx.GetEncoder()
	defer jx.PutEncoder(encoder)
	answer.Response.Encode(encoder)
	header := http.Header{"Content-Type": {"application/problem+json; charset=utf-8"}, "X-Request-Id": {id}}
	for _, f := range carried {
		header[f.name] = f.values
	}
	var out bytes.Buffer
	// A buffer takes all that it is given.
	_ = (&http.Response{
		StatusCode: answer.StatusCode, ProtoMajor: 1, ProtoMinor: 1, Header: header, Close: true,
		ContentLength: int64(len(encoder.Bytes())), Body: io.NopCloser(bytes.NewReader(encoder.Bytes())),
	}).Write(&out)
	logger.InfoContext(ctx, "request refused unread", "status", answer.StatusCode, "code", answer.Response.Code)
	return out.Bytes()
}
