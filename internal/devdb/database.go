package devdb

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// scratchPrefix starts the names of databases that live no longer than the process that made them.
const scratchPrefix = "scratch_"

// HasDatabase says whether a database of that name exists.
func (c *Cluster) HasDatabase(ctx context.Context, name string) (bool, error) {
	var exists bool
	err := c.admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
	if err != nil {
		return false, fmt.Errorf("look for database %s: %w", name, err)
	}
	return exists, nil
}

// CreateDatabase makes an empty database owned by core_owner. A name that is taken is an error.
func (c *Cluster) CreateDatabase(ctx context.Context, name string) error {
	return c.create(ctx, name, "template0")
}

// CloneDatabase makes a database with the content of another one, to which nobody may be connected meanwhile.
func (c *Cluster) CloneDatabase(ctx context.Context, name, template string) error {
	return c.create(ctx, name, template)
}

func (c *Cluster) create(ctx context.Context, name, template string) error {
	statement := "CREATE DATABASE " + quote(name) + " OWNER " + ownerRole + " TEMPLATE " + quote(template)
	if _, err := c.admin.Exec(ctx, statement); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// DropDatabase removes a database, closing the connections to it. One that does not exist is no error.
func (c *Cluster) DropDatabase(ctx context.Context, name string) error {
	if _, err := c.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// Scratch makes an empty database for a short use and returns its URL as core_owner. The drop function removes it; if
// the process dies first, the next start of the cluster does.
func (c *Cluster) Scratch(ctx context.Context) (url string, drop func(), err error) {
	name := scratchPrefix + strings.ToLower(rand.Text()[:12])
	if err := c.CreateDatabase(ctx, name); err != nil {
		return "", nil, err
	}
	return c.OwnerURL(name), func() {
		// The caller's context may have ended, which is when this is called.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := c.DropDatabase(ctx, name); err != nil {
			c.say("%v", err)
		}
	}, nil
}

// dropLeftScratch removes the scratch databases of processes that were killed.
func (c *Cluster) dropLeftScratch(ctx context.Context) error {
	rows, err := c.admin.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1)`, scratchPrefix)
	if err != nil {
		return fmt.Errorf("look for left scratch databases: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for left scratch databases: %w", err)
	}
	for _, name := range names {
		if err := c.DropDatabase(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
