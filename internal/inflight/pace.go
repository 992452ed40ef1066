package inflight

import "time"

// Rate is the least that a caller must send, or take, in bytes a second.
const Rate = 1 << 10

// Pace finds callers that are slower than Rate: one that moves less than Rate times the window within a window. Its zero
// value never does.
type Pace struct {
	// Window is over how long the caller is measured; zero means for ever.
	Window time.Duration

	end  time.Time // of the window that runs
	need int64     // bytes that are missing in it
}

// Due is by when more must have moved: the end of the window that runs, or of one that begins now. It is zero without one.
func (p *Pace) Due(now func() time.Time) time.Time {
	if p.Window <= 0 {
		return time.Time{}
	}
	if p.end.IsZero() {
		p.begin(now())
	}
	return p.end
}

// Moved counts n bytes. When there are enough for the window, the next one begins, and Due changes: it reports whether.
func (p *Pace) Moved(n int64, now func() time.Time) bool {
	if p.Window <= 0 {
		return false
	}
	if p.need -= n; p.need > 0 {
		return false
	}
	p.begin(now())
	return true
}

func (p *Pace) begin(now time.Time) {
	p.end, p.need = now.Add(p.Window), max(1, int64(p.Window.Seconds()*Rate))
}
