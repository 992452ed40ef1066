package main

import (
	"context"
	"log/slog"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/lockstep-dev/lockstep/internal/config"
)

const (
	// gcPercent lets the heap grow to five times what is in use before it is collected, unless GOGC says otherwise. What is
	// in use is small and what each request leaves behind is not: at Go's own 100 the collector takes a tenth of the
	// server's time to save 10 MB.
	gcPercent = 400
	// memoryShare of the container's memory limit is Go's, unless GOMEMLIMIT says otherwise: near it the collector works
	// harder instead of the kernel killing the process. The rest is for what Go does not count.
	memoryShare = 0.9
)

// tuneMemory sets up the collector. (The number of CPUs a container may use is seen to by Go itself, since 1.25: rounded up,
// and at least two where the machine has them.)
func tuneMemory(ctx context.Context, env config.Environment, logger *slog.Logger) {
	if env["GOGC"] == "" {
		debug.SetGCPercent(gcPercent)
	}
	if env["GOMEMLIMIT"] != "" {
		return // the runtime has read it
	}
	if _, err := memlimit.SetGoMemLimitWithOpts(memlimit.WithRatio(memoryShare)); err != nil {
		logger.DebugContext(ctx, "no memory limit found", "error", err)
	}
}
