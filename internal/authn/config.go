package authn

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxSkew is the most two clocks may differ.
const maxSkew = time.Minute

// Config says which tokens are good and where the principal is in them.
type Config struct {
	// Issuers are the trusted issuers, at least one: the URL, exactly as in the iss claim, and after it, each
	// separated by spaces, whom it may speak for: ids of tenants; "any-tenant", which is each that is not named
	// behind another issuer and not here; and "platform". One issuer
	// without such words may speak for everybody; of several each has to state it. https, or http on a
	// loopback address for development.
	Issuers []string
	// Audience is what aud must contain. Defaults to "lockstep".
	Audience string
	// TenantClaim names the claim with the tenant's id, a UUID. Defaults to "tenant_id".
	TenantClaim string
	// UserClaim names the claim with the user's id, a UUID. Defaults to "sub".
	UserClaim string
	// Skew is how far the issuer's clock may be off; at most one minute, negative means none. Defaults
	// to 30 s.
	Skew time.Duration
	// HTTPClient talks to the issuers. Answers are cut off at 1 MiB and redirects to plain http refused
	// in any case. Defaults to a client with a timeout of 5 s.
	HTTPClient *http.Client
	// Logger gets a warning when an issuer cannot be reached. Defaults to none.
	Logger *slog.Logger
	// Meter is told of verifications and fetched keys. Defaults to none.
	Meter Meter
	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	if len(c.Issuers) == 0 {
		return c, errors.New("auth: no issuer: set LOCKSTEP_OIDC_ISSUERS to the URLs of the trusted issuers")
	}
	if c.Skew > maxSkew {
		return c, fmt.Errorf("auth: skew is %s: use at most %s", c.Skew, maxSkew)
	}
	if c.Skew == 0 {
		c.Skew = 30 * time.Second
	}
	c.Skew = max(c.Skew, 0)
	for field, value := range map[*string]string{&c.Audience: "lockstep", &c.TenantClaim: "tenant_id", &c.UserClaim: "sub"} {
		if *field == "" {
			*field = value
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Meter == nil {
		c.Meter = unmetered{}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.HTTPClient = guarded(c.HTTPClient)
	return c, nil
}

// checkURL accepts https, and http on a loopback address: keys fetched over plain http are anyone's.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("use an absolute URL without user and fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("use https; http is accepted on a loopback address only")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
