//go:build !unix

package pg

import "github.com/jackc/pgx/v5"

// hungUp cannot be known here without a round trip.
func hungUp(*pgx.Conn) bool { return false }
