package cursor_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/cursor"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

func TestDecodeReturnsWhatEncodeTook(t *testing.T) {
	t.Parallel()
	want := uuid.Must(uuid.NewV7())
	got, err := cursor.Decode("users", cursor.Encode("users", want))
	if err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestDecodeRefusesForeignCursors(t *testing.T) {
	t.Parallel()
	valid := cursor.Encode("users", uuid.Must(uuid.NewV7()))
	for name, text := range map[string]string{
		"empty":            "",
		"not base64":       "%%%",
		"not JSON":         base64.RawURLEncoding.EncodeToString([]byte("users")),
		"of another list":  cursor.Encode("roles", uuid.Must(uuid.NewV7())),
		"without a row":    cursor.Encode("users", uuid.Nil),
		"cut":              valid[:len(valid)-4],
		"with a long tail": valid + "AAAA",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cursor.Decode("users", text)
			var p *problem.Error
			if !errors.As(err, &p) || p.Code != problem.InvalidCursor || len(p.Violations) != 1 || p.Violations[0].Pointer != "?cursor" {
				t.Errorf("got %v, want invalid_cursor at ?cursor", err)
			}
		})
	}
}
