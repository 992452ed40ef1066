package httpio_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"testing"
	"testing/iotest"

	"github.com/lockstep-dev/lockstep/internal/httpio"
)

func TestMediaTypesAreReadAsMimeDoes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"application/json", "application/merge-patch+json", "Application/JSON", "application/json; charset=utf-8", "application/json;", " application/json",
		"text/plain", "", ";", "application/json, text/plain", `application/json; a="`,
	} {
		wantType, wantParameters, wantErr := mime.ParseMediaType(text)
		gotType, gotParameters, gotErr := httpio.MediaType(text)
		if gotType != wantType || len(gotParameters) != len(wantParameters) || !reflect.DeepEqual(gotErr, wantErr) {
			t.Errorf("%q: got %q, %v and %v, want %q, %v and %v", text, gotType, gotParameters, gotErr, wantType, wantParameters, wantErr)
		}
	}
}

// TestBodiesAreReadWhole reads bodies of all sorts of lengths, which were announced rightly, wrongly or not, and which arrive
// byte by byte or end before their end.
func TestBodiesAreReadWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 511, 512, 513, 4<<10 - 1, 4 << 10, 4<<10 + 1, 16 << 10, 16<<10 + 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		for _, length := range []int64{-1, 0, int64(size), int64(size) / 2, int64(size) * 2} {
			for name, reader := range map[string]io.Reader{"at once": bytes.NewReader(want), "in pieces": iotest.HalfReader(bytes.NewReader(want))} {
				got, err := httpio.Body(&http.Request{Body: io.NopCloser(reader), ContentLength: length})
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes of %d %s: got %d and %v", size, length, name, len(got), err)
				}
			}
		}
		broken := errors.New("broken")
		_, err := httpio.Body(&http.Request{Body: io.NopCloser(io.MultiReader(bytes.NewReader(want), iotest.ErrReader(broken))), ContentLength: int64(size) + 1})
		if !errors.Is(err, broken) {
			t.Errorf("broken after %d bytes: got %v", size, err)
		}
	}
}
