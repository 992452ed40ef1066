package uuidtext_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/uuidtext"
)

// TestOneForm refuses what uuid.Parse takes as well.
func TestOneForm(t *testing.T) {
	t.Parallel()
	const id = "01a202ae-ef5d-7199-9b93-886f7aa5afda"
	for _, good := range []string{id, strings.ToUpper(id)} {
		got, err := uuidtext.Parse(good)
		fromBytes, errBytes := uuidtext.ParseBytes([]byte(good))
		if err != nil || errBytes != nil || got.String() != id || fromBytes != got {
			t.Errorf("%s: got %s, %v and %s, %v", good, got, err, fromBytes, errBytes)
		}
	}
	for _, bad := range []string{
		"", "urn:uuid:" + id, "{" + id + "}", strings.ReplaceAll(id, "-", ""), id + " ", id[:35], id[:35] + "g", "'" + id + "'",
		strings.ReplaceAll(id, "-", "_"),
	} {
		if _, err := uuidtext.Parse(bad); !errors.Is(err, uuidtext.ErrForm) {
			t.Errorf("%q: got %v, want ErrForm", bad, err)
		}
		if _, err := uuidtext.ParseBytes([]byte(bad)); !errors.Is(err, uuidtext.ErrForm) {
			t.Errorf("%q as bytes: got %v, want ErrForm", bad, err)
		}
	}
}
