package apifuzz

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestEveryBodyHasAnExample holds the documentation to showing what is sent and answered; Load checks that the examples fit
// their schemas.
func TestEveryBodyHasAnExample(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(document(t))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := Load(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range doc.Operations {
		if body := op.operation.RequestBody; body != nil {
			for name, media := range body.Value.Content {
				if media.Example == nil {
					t.Errorf("%s: the %s body has no example", op.ID, name)
				}
			}
		}
		for status, response := range op.operation.Responses.Map() {
			for name, media := range response.Value.Content {
				if media.Example == nil && len(media.Examples) == 0 {
					t.Errorf("%s: the %s answer %s has no example", op.ID, name, status)
				}
			}
		}
		if op.operation.Summary == "" || op.operation.Description == "" {
			t.Errorf("%s: got summary %q and description %q, want both", op.ID, op.operation.Summary, op.operation.Description)
		}
	}
	wrong := bytes.ReplaceAll(data, []byte(`"version": 1,`), []byte(`"version": "one",`))
	if bytes.Equal(wrong, data) {
		t.Fatal("no example to spoil")
	}
	if _, err := Load(wrong); err == nil || !strings.Contains(err.Error(), "example") {
		t.Errorf("got %v for an example that does not fit its schema, want an error", err)
	}
}
