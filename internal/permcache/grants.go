// Package permcache knows what each caller may do. It keeps what it has read, so that an authorised request needs no
// statement of its own, and forgets it as soon as it changes: at once for a change made in this process, within two
// seconds for one made in another, whatever becomes of the connection in between.
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

// Grants answers what callers may do. It is safe for concurrent use.
type Grants struct {
	source   Source
	platform []string
	self     string       // unlike that of any other process
	listener *pg.Listener // nil without ListenURL
	cache    *cache
}

// New returns grants. They hear changes made elsewhere while Run runs.
func New(o Options) (*Grants, error) {
	if o.Source == nil || o.Logger == nil {
		return nil, errors.New("grants: a source and a logger are needed")
	}
	if o.Size == 0 {
		o.Size = 10_000
	}
	g := &Grants{source: o.Source, platform: o.Platform, self: rand.Text()}
	var err error
	read := func(ctx context.Context, k key) ([]string, error) { return g.source.Permissions(ctx, k.tenant, k.user) }
	if g.cache, err = newCache(o.Size, read); err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	if o.ListenURL == "" {
		return g, nil
	}
	g.listener, err = pg.NewListener(pg.ListenerConfig{
		URL: o.ListenURL, Channel: Channel, Logger: o.Logger, Heard: g.heard, Connected: g.cache.forgetAll,
	})
	return g, err
}

// Run hears what other processes change until ctx ends.
func (g *Grants) Run(ctx context.Context) {
	if g.listener != nil {
		g.listener.Run(ctx)
	}
}

// Hears reports whether changes made elsewhere are being heard.
func (g *Grants) Hears() bool { return g.listener != nil && g.listener.Healthy() }

// ForgetAll has everything read anew: for a change that was made past the application.
func (g *Grants) ForgetAll() { g.cache.forgetAll() }

// Of returns the principal's permissions, which the caller must not change: a service's are its scopes, a user's are
// those that the source knows. Its error is the source's. Refusals are never kept.
func (g *Grants) Of(ctx context.Context, principal *authn.Principal) ([]string, error) {
	if principal.Platform {
		return g.platform, nil
	}
	age := maxAge
	if !g.Hears() {
		age = deafAge
	}
	permissions, err := g.cache.get(ctx, key{principal.TenantID, principal.UserID}, age)
	if err == nil && principal.UserID == uuid.Nil {
		return principal.Scopes, nil
	}
	return permissions, err
}

// said is the announcement of a change in this process.
func (g *Grants) said(tenant uuid.UUID) pg.Notification {
	return pg.Notification{Channel: Channel, Payload: tenant.String() + " " + g.self}
}

// heard takes in what another process has changed; its own changes have been.
func (g *Grants) heard(payload string) {
	tenant, teller, _ := strings.Cut(payload, " ")
	id, err := uuid.Parse(tenant)
	switch {
	case err != nil:
		g.cache.forgetAll() // said by a release that this one does not understand
	case teller != g.self:
		g.cache.forget(id)
	}
}
