package httpio

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"sync"
)

// MediaType is mime.ParseMediaType, with a short way for what nearly all clients say.
func MediaType(contentType string) (mediaType string, parameters map[string]string, err error) {
	switch contentType {
	case "application/json", "application/merge-patch+json":
		return contentType, nil, nil
	}
	return mime.ParseMediaType(contentType)
}

// announced is how much room is made for a body because the client says that it is so long.
const announced = 4 << 10

// Body reads a request's JSON body. Its error is a *problem.Error for a text that is not I-JSON (RFC 7493). A short body goes
// into as much room as the client has announced, a longer one into pieces that come as it does: while it is on its way it
// takes hardly more memory than has been sent of it, and no buffer is outgrown.
func Body(r *http.Request) ([]byte, error) {
	body, err := read(r)
	if err != nil {
		return body, err
	}
	return body, strict(body)
}

// read reads a body as it comes.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > announced {
		return inPieces(r.Body)
	}
	body := make([]byte, 0, r.ContentLength+1) // its end is found where there is room for more
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			body = slices.Grow(body, 1)
		}
	}
}

// piece is a part of a body.
type piece [16 << 10]byte

var pieces = sync.Pool{New: func() any { return new(piece) }}

// inPieces reads to the end, and then puts together what it has read.
func inPieces(from io.Reader) ([]byte, error) {
	var (
		full []*piece
		last = pieces.Get().(*piece)
		used int // of the last one
	)
	defer func() {
		for _, p := range append(full, last) {
			pieces.Put(p)
		}
	}()
	for {
		n, err := from.Read(last[used:])
		used += n
		switch {
		case err == io.EOF:
			body := make([]byte, 0, len(full)*len(last)+used)
			for _, p := range full {
				body = append(body, p[:]...)
			}
			return append(body, last[:used]...), nil
		case err != nil:
			return nil, err
		case used == len(last):
			full, last, used = append(full, last), pieces.Get().(*piece), 0
		}
	}
}
