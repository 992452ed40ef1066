package httpio

import (
	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/clamp"
)

// Float64 writes a number; for NaN and the infinities, which jx makes null of, the nearest one that JSON has.
func Float64(e *jx.Encoder, v float64) { e.Float64(clamp.Float(v)) }

// Float32 is Float64 of fewer bits.
func Float32(e *jx.Encoder, v float32) { e.Float32(clamp.Float32(v)) }
