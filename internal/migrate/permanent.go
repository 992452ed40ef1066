package migrate

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// permanent are the SQLSTATE classes of statements that fail in the same way when they run again on the same database
// (Postgres manual, appendix A): unsupported, bad data, violated constraint, wrong syntax or missing right, raised by code.
var permanent = map[string]bool{
	"0A": true, "22": true, "23": true, "2B": true, "3F": true, "42": true, "44": true, "P0": true,
}

// Permanent reports that running again cannot help until a person has done something. A lock that was not to be had and a
// database that cannot be reached are not permanent.
func Permanent(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code != "locked"
	}
	var statement *StatementError
	var pg *pgconn.PgError
	return errors.As(err, &statement) && errors.As(statement.Err, &pg) && len(pg.Code) == 5 && permanent[pg.Code[:2]]
}
