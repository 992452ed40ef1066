package main

import (
	"bytes"
	"testing"

	"github.com/lockstep-dev/lockstep/openapi"
)

func TestOpenAPIPrintsTheServedDocument(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"openapi"}, nil, &stdout, &stderr)
	if code != 0 || !bytes.Equal(stdout.Bytes(), openapi.Document) {
		t.Errorf("got exit code %d and %d bytes, want 0 and the embedded document's %d\n%s", code, stdout.Len(), len(openapi.Document), stderr.Bytes())
	}
}
