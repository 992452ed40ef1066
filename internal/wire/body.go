package wire

import (
	"io"
	"mime"
	"net/http"
	"slices"
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
const announced = 64 << 10

// Body reads a request's JSON body. Its error is a *problem.Error for a text that is not I-JSON (RFC 7493).
func Body(r *http.Request) ([]byte, error) {
	body, err := read(r)
	if err != nil {
		return body, err
	}
	return body, strict(body)
}

// read reads the body into as much room as the client has announced.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > announced {
		return io.ReadAll(r.Body)
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
