package migrate

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestPermanent(t *testing.T) {
	t.Parallel()
	refused := func(code string) error {
		return fmt.Errorf("up: %w", &StatementError{File: "1_a.sql", Err: &pgconn.PgError{Code: code}})
	}
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"none":                           {nil, false},
		"an edited file":                 {problem("edited", "1", "x"), true},
		"another runner":                 {problem("locked", "", "x"), false},
		"duplicate rows":                 {refused("23505"), true},
		"no such column":                 {refused("42703"), true},
		"a raised exception":             {refused("P0001"), true},
		"the database is stopped":        {refused("57P01"), false},
		"a full disk":                    {refused("53100"), false},
		"a broken connection":            {&StatementError{File: "1_a.sql", Err: errors.New("unexpected EOF")}, false},
		"a lock not free":                {refused("55P03"), false},
		"not reached in the first place": {errors.New("connect to the database to migrate"), false},
	} {
		if got := Permanent(test.err); got != test.want {
			t.Errorf("%s: got permanent %t, want %t", name, got, test.want)
		}
	}
}
