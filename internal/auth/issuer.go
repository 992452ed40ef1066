package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// fetchInterval is the least time between two requests for keys to an issuer, so that tokens with
	// made-up key ids cannot make this server attack it. A new key is known that much later at most.
	fetchInterval = 10 * time.Second
	// keysFresh is the age from which on keys are fetched anew beside the requests.
	keysFresh = 5 * time.Minute
	// keysStale is the age from which on a request waits for that, so that a withdrawn key is soon
	// refused also where requests are rare. If the issuer is down, the known keys go on.
	keysStale = 15 * time.Minute
)

// errUnavailable says that the keys of an issuer have never been had.
var errUnavailable = errors.New("the issuer's keys are not known yet")

// issuer knows the keys of one issuer.
type issuer struct {
	url    string
	trust  trust
	client *http.Client
	logger *slog.Logger
	meter  Meter
	clock  func() time.Time

	flight singleflight.Group

	mu        sync.Mutex
	keysURL   string
	keys      keySet
	number    int       // of keys, counting all that were ever fetched
	fetched   time.Time // when keys were last read
	attempted time.Time // when they were last asked for
}

// candidates returns the keys for a token's header, fetching the key set if it has none for it, and the set's number.
func (i *issuer) candidates(ctx context.Context, kid, alg string) ([]jose.JSONWebKey, int, error) {
	keys, number, err := i.current(ctx)
	if err != nil {
		return nil, 0, err
	}
	if found := keys.candidates(kid, alg); len(found) > 0 {
		return found, number, nil
	}
	i.refresh(ctx)
	keys, number, _ = i.cached()
	return keys.candidates(kid, alg), number, nil
}

// current returns the key set, fetched anew if it is old, and its number, which no other set has had.
func (i *issuer) current(ctx context.Context) (keySet, int, error) {
	keys, number, age := i.cached()
	switch {
	case keys == nil, age >= keysStale:
		i.refresh(ctx)
		keys, number, _ = i.cached()
	case age >= keysFresh:
		i.refreshBeside()
	}
	if keys == nil {
		return nil, 0, errUnavailable
	}
	return keys, number, nil
}

func (i *issuer) cached() (keySet, int, time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys, i.number, i.clock().Sub(i.fetched)
}

// refresh fetches the keys unless that was tried a moment ago, and waits for it. Concurrent callers wait
// for the same request, which does not end with any of theirs.
func (i *issuer) refresh(ctx context.Context) {
	select {
	case <-i.refreshBeside():
	case <-ctx.Done():
	}
}

func (i *issuer) refreshBeside() <-chan singleflight.Result {
	return i.flight.DoChan("", func() (any, error) {
		if !i.mayAttempt() {
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(oidc.ClientContext(context.Background(), i.client), fetchTimeout)
		defer cancel()
		err := i.fetch(ctx)
		i.meter.KeysFetched(i.url, err)
		if err != nil {
			i.logger.Warn("fetch issuer keys", "issuer", i.url, "error", err)
		}
		return nil, nil
	})
}

func (i *issuer) mayAttempt() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.clock()
	if !i.attempted.IsZero() && now.Sub(i.attempted) < fetchInterval {
		return false
	}
	i.attempted = now
	return true
}

func (i *issuer) fetch(ctx context.Context) error {
	keysURL, err := i.discover(ctx)
	if err != nil {
		return err
	}
	keys, err := fetchKeys(ctx, i.client, keysURL)
	i.mu.Lock()
	defer i.mu.Unlock()
	if err != nil {
		i.keysURL = "" // they may have moved
		return err
	}
	i.keysURL, i.keys, i.fetched = keysURL, keys, i.clock()
	i.number++
	return nil
}

// discover returns where the keys are (OpenID Connect Discovery 1.0, section 4).
func (i *issuer) discover(ctx context.Context) (string, error) {
	i.mu.Lock()
	known := i.keysURL
	i.mu.Unlock()
	if known != "" {
		return known, nil
	}
	provider, err := oidc.NewProvider(ctx, i.url)
	if err != nil {
		return "", fmt.Errorf("discover: %w", err)
	}
	var document struct {
		KeysURL string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil {
		return "", fmt.Errorf("discover: %w", err)
	}
	if err := checkURL(document.KeysURL); err != nil {
		return "", fmt.Errorf("discover: jwks_uri: %w", err)
	}
	return document.KeysURL, nil
}
