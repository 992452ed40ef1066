package jsonb_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/jsonb"
)

// TestMeasure holds the measure to Postgres' own, for what encoding/json writes: what passes here must pass the CHECK.
func TestMeasure(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, value := range []any{
		nil, true, "", []any{}, map[string]any{}, []any{1, 2, 3}, map[string]any{"a": 1, "b": []any{nil, false, "c"}},
		1e300, -1e300, 5e-324, 1.5e21, 1e-7, -0.000123, 12.25, math.MaxFloat64, 1e21, 123456789.125, 0.1, math.Copysign(0, -1), 1e20, 1.25e-9,
		"<b>&</b>", "\u2028\u2029", "\x01\x1f\x7f", "\b\f\n\r\t\v\"\\/", "äß中🚀", map[string]any{"k\"ey": "\\", "ä": []any{[]any{[]any{}}}},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var want int
		if err := conn.QueryRow(t.Context(), `SELECT octet_length($1::text::jsonb::text)`, string(text)).Scan(&want); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got, _ := jsonb.Measure(text); got != want {
			t.Errorf("%s: got %d bytes, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{`1`: 0, `[]`: 1, `{"a": [{"b": "[[["}], "c": [[]]}`: 3} {
		if _, got := jsonb.Measure([]byte(text)); got != want {
			t.Errorf("%s: got %d levels, want %d", text, got, want)
		}
	}
}
