package contract_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// TestShapesOfPointers holds that a pointer has the form of what it points to: its methods are the same, and *time.Time was any text.
func TestShapesOfPointers(t *testing.T) {
	t.Parallel()
	type shapes struct {
		At   *time.Time      `json:"at"`
		By   *uuid.UUID      `json:"by"`
		From *netip.Addr     `json:"from"`
		Any  json.RawMessage `json:"any"`
	}
	shape := contract.JSON(shapes{}).Shape
	if shape.Err != "" {
		t.Fatal(shape.Err)
	}
	var got struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(shape.Components["shapes"], &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"at": `{"format":"date-time","nullable":true,"type":"string"}`, "by": `{"format":"uuid","nullable":true,"type":"string"}`,
		"from": `{"maxLength":10000,"nullable":true,"type":"string"}`, "any": `{}`,
	} {
		if string(got.Properties[name]) != want {
			t.Errorf("%s: got %s, want %s", name, got.Properties[name], want)
		}
	}
}

// TestShapesThatNothingTells refuses what writes itself: a big.Int is a number, and its schema said text.
func TestShapesThatNothingTells(t *testing.T) {
	t.Parallel()
	for _, example := range []any{&big.Int{}, json.Number(""), []big.Int{}, map[string]*big.Int{}} {
		if shape := contract.JSON(example).Shape; !strings.Contains(shape.Err, "writes itself as JSON") {
			t.Errorf("%T: got %q", example, shape.Err)
		}
	}
}
