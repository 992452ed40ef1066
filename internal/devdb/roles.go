package devdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// role attributes, asserted at every start: what a developer loosened for an experiment must not hide a missing grant
// or policy for good.
const (
	ownerAttributes = "LOGIN CREATEDB CREATEROLE BYPASSRLS NOSUPERUSER NOREPLICATION"
	appAttributes   = "LOGIN NOCREATEDB NOCREATEROLE NOBYPASSRLS NOSUPERUSER NOREPLICATION"
)

// prepare makes the roles and drops scratch databases that a killed process left.
func (c *Cluster) prepare(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, c.admin, func(tx pgx.Tx) error {
		for _, r := range []struct{ name, attributes, password string }{
			{ownerRole, ownerAttributes, c.secrets.Owner},
			{appRole, appAttributes, c.secrets.App},
		} {
			if err := ensureRole(ctx, tx, r.name, r.attributes, r.password); err != nil {
				return fmt.Errorf("make role %s: %w", r.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.dropLeftScratch(ctx)
}

// ensureRole makes a role, or brings back the attributes of one that exists; its password stays.
func ensureRole(ctx context.Context, tx pgx.Tx, name, attributes, password string) error {
	var exists bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, name).Scan(&exists); err != nil {
		return err
	}
	// Role statements take no parameters; the password is letters and digits of our own making.
	statement := "ALTER ROLE " + quote(name) + " " + attributes
	if !exists {
		statement = "CREATE ROLE " + quote(name) + " " + attributes + " PASSWORD '" + password + "'"
	}
	_, err := tx.Exec(ctx, statement)
	return err
}

// quote makes an SQL identifier of any name.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
