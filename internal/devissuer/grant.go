package devissuer

import (
	"crypto/rand"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	codeLifetime = time.Minute
	// signInLifetime is how long refresh tokens keep somebody signed in.
	signInLifetime = 12 * time.Hour
)

// signIn is one person at one client, from the choice on the page until they sign out.
type signIn struct {
	id       string // the sid of its ID tokens
	clientID string
	userID   uuid.UUID
	scope    string
	nonce    string
	at       time.Time
}

// code is what the client exchanges for tokens.
type code struct {
	signIn      *signIn
	redirectURI string
	challenge   string // of the verifier, S256
	expires     time.Time
	spent       bool
}

// grants remembers codes and refresh tokens. A restart forgets them: people sign in again.
type grants struct {
	mu      sync.Mutex
	codes   map[string]*code
	refresh map[string]*refresh
}

type refresh struct {
	signIn  *signIn
	expires time.Time
	spent   bool
}

func newGrants() *grants {
	return &grants{codes: map[string]*code{}, refresh: map[string]*refresh{}}
}

// issueCode returns a code for a sign-in, good once and for a minute.
func (g *grants) issueCode(c code, now time.Time) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.prune(now)
	c.expires = now.Add(codeLifetime)
	value := rand.Text()
	g.codes[value] = &c
	return value
}

// takeCode spends a code. One that comes twice has leaked: what the first exchange gave is revoked (RFC 6749, section 4.1.2).
func (g *grants) takeCode(value string, now time.Time) (code, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.codes[value]
	if !ok || now.After(c.expires) {
		return code{}, false
	}
	if c.spent {
		g.revokeLocked(c.signIn.id)
		return code{}, false
	}
	c.spent = true
	return *c, true
}

// issueRefresh returns the next refresh token of a sign-in.
func (g *grants) issueRefresh(s *signIn) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.issueRefreshLocked(s)
}

func (g *grants) issueRefreshLocked(s *signIn) string {
	value := rand.Text()
	g.refresh[value] = &refresh{signIn: s, expires: s.at.Add(signInLifetime)}
	return value
}

// rotate spends a refresh token of a client and returns the next. One that comes twice has leaked: the sign-in ends
// (RFC 9700, section 4.14.2).
func (g *grants) rotate(value, clientID string, now time.Time) (s *signIn, next string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[value]
	if !ok || now.After(r.expires) || r.signIn.clientID != clientID {
		return nil, "", false
	}
	if r.spent {
		g.revokeLocked(r.signIn.id)
		return nil, "", false
	}
	r.spent = true
	return r.signIn, g.issueRefreshLocked(r.signIn), true
}

// revoke ends a sign-in.
func (g *grants) revoke(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revokeLocked(id)
}

func (g *grants) revokeLocked(id string) {
	maps.DeleteFunc(g.refresh, func(_ string, r *refresh) bool { return r.signIn.id == id })
}

func (g *grants) prune(now time.Time) {
	maps.DeleteFunc(g.codes, func(_ string, c *code) bool { return now.After(c.expires) })
	maps.DeleteFunc(g.refresh, func(_ string, r *refresh) bool { return now.After(r.expires) })
}
