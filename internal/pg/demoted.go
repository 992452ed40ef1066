package pg

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// replaceEvery is the least time between two replacements of all connections: a server that stays read-only is not asked
// for new ones by every request.
const replaceEvery = time.Second

// replaceDemoted has all connections replaced when err says that the server is read-only (SQLSTATE 25006). After a failover
// they lead to what is a standby now, while the address leads to the new primary.
func (db *DB) replaceDemoted(err error) {
	if err == nil {
		return // what errors.As writes to is allocated
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "25006" {
		db.Replace()
	}
}

// Replace has every connection closed as soon as nobody uses it, and new ones opened. It does so once a second at most.
func (db *DB) Replace() {
	now := time.Now()
	last := db.replaced.Load()
	if last != nil && now.Sub(*last) < replaceEvery {
		return
	}
	if db.replaced.CompareAndSwap(last, &now) {
		db.pool.Reset()
	}
}
