// Package permcache caches each caller's permissions, so that an authorised request needs no statement for them. A change made in this
// process takes effect at once, one made in another within two seconds, even while the connection between them is lost.
package permcache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"entgo.io/ent"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Channel is what processes tell each other on which tenant's grants have changed: its id, a space, and the teller's.
const Channel = "lockstep_grants"

const (
	// deafAge is how old an answer may be while changes made elsewhere may go unheard.
	deafAge = time.Second
	// maxAge is how old an answer may be in any case: a change made past the application, by hand, is announced by
	// nobody.
	maxAge = time.Minute
)

// Source is where a service keeps what its callers may do.
type Source interface {
	// Permissions returns what a user of a tenant may do. The zero user stands for all services of the tenant: their scopes say
	// what they may do, and the source only whether the tenant may be used. The context has no scope. The error is an
	// *authn.TokenError for a tenant or user that does not exist, a *problem.Error for one that may not be used now.
	Permissions(ctx context.Context, tenant, user uuid.UUID) ([]string, error)
	// Changed returns the tenants in which the mutation changes what somebody may do who may have been let in before.
	Changed(ctx context.Context, mutation ent.Mutation) ([]uuid.UUID, error)
}

// Options are what New needs to know.
type Options struct {
	// Source is asked for what is not kept. Required.
	Source Source
	// ListenURL leads to Postgres itself, not to a pooler in transaction mode. Empty means that changes made elsewhere
	// cannot be heard; answers are then one second old at most.
	ListenURL string
	// Platform is what a platform principal may do without belonging to a tenant. Defaults to nothing.
	Platform []string
	// Size is how many callers' grants are kept. Defaults to 10,000, about 10 MB.
	Size int
	// Logger is told when the listening connection is lost and found. Required.
	Logger *slog.Logger
}

// Cache answers what callers may do. It is safe for concurrent use.
type Cache struct {
	source   Source
	platform []string
	self     string       // unlike that of any other process
	listener *pg.Listener // nil without ListenURL
	entries  *entries
}

// New returns an empty cache. It hears changes made elsewhere while Run runs.
func New(o Options) (*Cache, error) {
	if o.Source == nil || o.Logger == nil {
		return nil, errors.New("permcache: a source and a logger are needed")
	}
	if o.Size == 0 {
		o.Size = 10_000
	}
	c := &Cache{source: o.Source, platform: o.Platform, self: rand.Text()}
	var err error
	read := func(ctx context.Context, k key) ([]string, error) { return c.source.Permissions(ctx, k.tenant, k.user) }
	if c.entries, err = newEntries(o.Size, read); err != nil {
		return nil, fmt.Errorf("permcache: %w", err)
	}
	if o.ListenURL == "" {
		return c, nil
	}
	c.listener, err = pg.NewListener(pg.ListenerConfig{
		URL: o.ListenURL, Channel: Channel, Logger: o.Logger, Heard: c.heard, Connected: c.entries.forgetAll,
	})
	return c, err
}

// Run hears what other processes change until ctx ends.
func (c *Cache) Run(ctx context.Context) {
	if c.listener != nil {
		c.listener.Run(ctx)
	}
}

// Hears reports whether changes made elsewhere are being heard.
func (c *Cache) Hears() bool { return c.listener != nil && c.listener.Healthy() }

// ForgetAll has everything read anew: for a change that was made past the application.
func (c *Cache) ForgetAll() { c.entries.forgetAll() }

// Of returns the principal's permissions, which the caller must not change: a service's are its scopes, a user's are
// those that the source knows. Its error is the source's. Refusals are never kept.
func (c *Cache) Of(ctx context.Context, principal *authn.Principal) ([]string, error) {
	if principal.Platform {
		return c.platform, nil
	}
	age := maxAge
	if !c.Hears() {
		age = deafAge
	}
	permissions, err := c.entries.get(ctx, key{principal.TenantID, principal.UserID}, age)
	if err == nil && principal.UserID == uuid.Nil {
		return principal.Scopes, nil
	}
	return permissions, err
}

// said is the announcement of a change in this process.
func (c *Cache) said(tenant uuid.UUID) pg.Notification {
	return pg.Notification{Channel: Channel, Payload: tenant.String() + " " + c.self}
}

// heard takes in what another process has changed; its own changes have been.
func (c *Cache) heard(payload string) {
	tenant, teller, _ := strings.Cut(payload, " ")
	id, err := uuid.Parse(tenant)
	switch {
	case err != nil:
		c.entries.forgetAll() // said by a release that this one does not understand
	case teller != c.self:
		c.entries.forget(id)
	}
}
