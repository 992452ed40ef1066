package authn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// fetchInterval is the time in which an issuer is asked for keys fetchBurst times at most, so that tokens
	// with made-up key ids cannot make this server attack it. A new key is known that much later at most.
	fetchInterval = 10 * time.Second
	fetchBurst    = 3
	// retryInterval is the least time until an issuer is asked again that has not answered.
	retryInterval = time.Second
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

	mu       sync.Mutex
	keysURL  string
	keys     keySet
	number   int         // of keys, counting all that were ever fetched
	fetched  time.Time   // when keys were last read
	attempts []time.Time // when they were asked for within the last fetchInterval
	failed   bool        // the last attempt did not get them
}

// candidates returns the keys for a token's header, fetching the key set if it has none for it, and the set's number. Its
// error is errUnavailable while nobody can know whether the issuer has such a key.
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
	found := keys.candidates(kid, alg)
	if len(found) == 0 && i.unreachable() {
		return nil, 0, errUnavailable
	}
	return found, number, nil
}

// unreachable reports whether the issuer did not answer when it was last asked.
func (i *issuer) unreachable() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.failed
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
	i.attempts = slices.DeleteFunc(i.attempts, func(at time.Time) bool { return now.Sub(at) >= fetchInterval })
	if last := len(i.attempts) - 1; i.failed && last >= 0 && now.Sub(i.attempts[last]) < retryInterval {
		return false
	}
	if !i.failed && len(i.attempts) >= fetchBurst {
		return false
	}
	i.attempts = append(i.attempts, now)
	return true
}

func (i *issuer) fetch(ctx context.Context) error {
	keysURL, err := i.discover(ctx)
	var keys keySet
	if err == nil {
		keys, err = fetchKeys(ctx, i.client, keysURL)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failed = err != nil
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
