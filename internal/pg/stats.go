package pg

import "time"

// Stats are the numbers of a pool. Counts are since it was opened.
type Stats struct {
	// Max is the most connections it may have, InUse how many run statements, Idle how many wait for work.
	Max, InUse, Idle int32
	// Waiting is how many callers wait for a connection, Shed how many statements of requests were refused one with ErrBusy,
	// and ShareShed how many of these because a tenant, or the platform, had all that one may have: ErrShare.
	Waiting, Shed, ShareShed int64
	// Acquires counts connections handed out, AcquireTime what getting them took, Waits those that were not there at once,
	// and Cancelled the callers that gave up waiting.
	Acquires, Waits, Cancelled int64
	AcquireTime                time.Duration
	// Opened counts connections made, Answered how often one was given back in working order: the database has answered on it.
	Opened, Answered int64
}

// Stats returns the pool's numbers as they are.
func (db *DB) Stats() Stats {
	s := db.pool.Stat()
	waiting, waits := db.shares.waited()
	return Stats{
		Max: s.MaxConns(), InUse: s.AcquiredConns(), Idle: s.IdleConns(),
		Waiting: int64(waiting), Shed: db.shed.Load(), ShareShed: db.shareShed.Load(),
		Acquires: s.AcquireCount(), Waits: s.EmptyAcquireCount() + waits.begun, Cancelled: s.CanceledAcquireCount() + waits.cancelled,
		AcquireTime: s.AcquireDuration() + waits.took,
		Opened:      s.NewConnsCount(), Answered: db.answered.Load(),
	}
}
