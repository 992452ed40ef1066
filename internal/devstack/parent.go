package devstack

import (
	"context"
	"os"
	"slices"
	"time"
)

// runners start this program for a developer without being the developer's shell. They do not pass their end on: a
// killed `make dev` or `go run` would leave the stack running with nobody to stop it.
var runners = []string{"go", "make", "gmake", "npm"}

// shells may stand between runners.
var shells = []string{"sh", "bash", "dash", "zsh"}

// process is a process and its program's name.
type process struct {
	pid  int
	name string
}

// untilParentEnds returns a context that also ends when a runner that started this process, directly or through
// others, has ended.
func untilParentEnds(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	chain := runnersAbove(os.Getpid())
	if len(chain) == 0 {
		return ctx, cancel
	}
	go func() {
		defer cancel()
		for intact(os.Getpid(), chain) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(250 * time.Millisecond):
			}
		}
	}()
	return ctx, cancel
}

// runnersAbove lists the processes from a process' parent up to the topmost runner; none if a runner did not start it.
func runnersAbove(pid int) []process {
	var chain []process
	last := 0
	for {
		p, ok := parentOf(pid)
		runner := slices.Contains(runners, p.name)
		if !ok || !runner && !slices.Contains(shells, p.name) {
			return chain[:last]
		}
		chain = append(chain, p)
		if runner {
			last = len(chain)
		}
		pid = p.pid
	}
}

// intact says whether the processes above a process are still these: one whose parent has ended gets another.
func intact(pid int, chain []process) bool {
	for _, p := range chain {
		now, ok := parentOf(pid)
		if !ok || now.pid != p.pid {
			return false
		}
		pid = p.pid
	}
	return true
}
