package authn

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	lru "github.com/hashicorp/golang-lru/v2"
)

// maxToken bounds a token in bytes.
const maxToken = 8 << 10

// Verifier turns tokens into principals. It is safe for concurrent use.
type Verifier struct {
	config  Config
	issuers map[string]*issuer
	// proven holds the tokens that were verified last, by their hash: a secret is not kept for longer than its request.
	proven *lru.Cache[[sha256.Size]byte, proof]
}

// provenTokens is how many verified tokens are remembered, about 5 MB.
const provenTokens = 10_000

// proof is what was learnt of a token when its signature was checked, which takes longer than anything else a request
// does. It holds as long as the issuer's key set is the one it was checked with; the time is looked at on every use.
type proof struct {
	principal  Principal
	registered jwt.Claims
	issuer     *issuer
	keys       int
}

// New returns a verifier for c. It talks to no issuer: a server starts although its issuer is down. Keys
// are fetched with the first token, or by Warm.
func New(c Config) (*Verifier, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &Verifier{config: c, issuers: make(map[string]*issuer)}
	trusted, err := parseIssuers(c.Issuers)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	for _, t := range trusted {
		v.issuers[t.url] = &issuer{url: t.url, trust: t, client: c.HTTPClient, logger: c.Logger, meter: c.Meter, clock: c.Clock}
	}
	if v.proven, err = lru.New[[sha256.Size]byte, proof](provenTokens); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return v, nil
}

// Warm fetches the keys of all issuers, so that the first request need not wait, and logs the issuers
// that cannot be reached. It returns when all have answered or ctx ends.
func (v *Verifier) Warm(ctx context.Context) {
	var wg sync.WaitGroup
	for _, i := range v.issuers {
		wg.Go(func() { i.refresh(ctx) })
	}
	wg.Wait()
}

// Verify returns the principal a token was issued to, whose Scopes are shared and not to be changed. Every error is a
// *TokenError.
func (v *Verifier) Verify(ctx context.Context, token string) (*Principal, error) {
	principal, err := v.verify(ctx, token)
	v.config.Meter.TokenVerified(resultOf(err))
	return principal, err
}

func (v *Verifier) verify(ctx context.Context, token string) (*Principal, error) {
	if token = strings.TrimLeft(token, " "); token == "" {
		return nil, ErrNoToken
	}
	if len(token) > maxToken {
		return nil, refuse(ResultMalformed, "the token is too large", nil)
	}
	hash := sha256.Sum256([]byte(token))
	if known, ok := v.proven.Get(hash); ok {
		if _, keys, err := known.issuer.current(ctx); err == nil && keys == known.keys {
			if err := v.checkRegistered(known.registered); err != nil {
				return nil, err
			}
			principal := known.principal
			return &principal, nil
		}
	}
	fresh, err := v.prove(ctx, token)
	if err != nil {
		return nil, err
	}
	v.proven.Add(hash, *fresh)
	principal := fresh.principal
	return &principal, nil
}

// prove checks everything about a token.
func (v *Verifier) prove(ctx context.Context, token string) (*proof, error) {
	if strings.ContainsFunc(token, func(r rune) bool { return !tokenRune(r) }) {
		return nil, refuse(ResultMalformed, "the token is malformed", nil) // jose would leave out spaces
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	var algorithm *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &algorithm):
		return nil, refuse(ResultAlgorithm, "the token's algorithm is not accepted", err)
	case err != nil || len(parsed.Headers) != 1:
		return nil, refuse(ResultMalformed, "the token is malformed", err)
	case !isAccessToken(parsed.Headers[0]):
		return nil, refuse(ResultType, "the token is of another type", nil)
	}
	p := &proof{}
	payload, err := v.payload(ctx, parsed, p)
	if err != nil {
		return nil, err
	}
	principal, err := v.principal(payload)
	if err != nil {
		return nil, err
	}
	if err := p.issuer.trust.permits(principal); err != nil {
		return nil, err
	}
	client := payload.client()
	o := &origin{
		issuer: p.issuer.url, sole: v.soleIssuer(principal),
		tenant: principal.Tenant(), principal: principal.ID(), identity: principal.identity(p.issuer.url, client),
	}
	if principal.IsService() && principal.Subject == "" {
		o.principal = named(client)
	}
	principal.origin = o
	p.principal = *principal
	return p, nil
}

// tokenRune reports whether a token may have the character (RFC 6750, section 2.1: b64token).
func tokenRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~+/=", r)
}

// soleIssuer reports whether one issuer only may speak for the principal's tenant, or for the platform.
func (v *Verifier) soleIssuer(p *Principal) bool {
	speak := 0
	for _, i := range v.issuers {
		if i.trust.permits(p) == nil {
			speak++
		}
	}
	return speak == 1
}

// isAccessToken refuses what an issuer signs for other purposes, such as logout tokens (RFC 8725, section
// 3.11), by the type in the header. Not all issuers state it.
func isAccessToken(h jose.Header) bool {
	stated, _ := h.ExtraHeaders[jose.HeaderType].(string)
	switch strings.TrimPrefix(strings.ToLower(stated), "application/") {
	case "", "jwt", "at+jwt":
		return true
	}
	return false
}

// payload returns the claims once the signature is proven, and notes in p what has proven it.
func (v *Verifier) payload(ctx context.Context, token *jwt.JSONWebToken, p *proof) (claims, error) {
	// Which key to try depends on what the token says of itself; nothing else is done with it before
	// the signature is good.
	var unproven struct {
		Issuer string `json:"iss"`
	}
	if err := token.UnsafeClaimsWithoutVerification(&unproven); err != nil {
		return nil, refuse(ResultMalformed, "the token is malformed", err)
	}
	issuer, ok := v.issuers[unproven.Issuer]
	if !ok {
		return nil, refuse(ResultIssuer, "the token's issuer is not accepted", nil)
	}
	header := token.Headers[0]
	keys, number, err := issuer.candidates(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return nil, refuse(ResultUnavailable, "the token cannot be checked: its issuer is not available", err)
	}
	if len(keys) == 0 {
		return nil, refuse(ResultKey, "the token's key is not known", nil)
	}
	if err := proven(token, keys); err != nil {
		return nil, refuse(ResultSignature, "the token's signature is not valid", err)
	}
	var c claims
	p.issuer, p.keys = issuer, number
	if err := token.UnsafeClaimsWithoutVerification(&c, &p.registered); err != nil {
		return nil, refuse(ResultClaims, "the token's claims are malformed", err)
	}
	return c, v.checkRegistered(p.registered)
}

// proven returns nil if one of the keys has signed the token.
func proven(token *jwt.JSONWebToken, keys []jose.JSONWebKey) error {
	var errs []error
	for _, key := range keys {
		var payload json.RawMessage
		err := token.Claims(key, &payload)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkRegistered checks the claims of RFC 7519, section 4.1.
func (v *Verifier) checkRegistered(c jwt.Claims) error {
	if c.Expiry == nil {
		return refuse(ResultClaims, "the token lacks the claim exp", nil)
	}
	err := c.ValidateWithLeeway(jwt.Expected{
		AnyAudience: jwt.Audience{v.config.Audience},
		Time:        v.config.Clock().Truncate(time.Second),
	}, v.config.Skew)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrInvalidAudience):
		return refuse(ResultAudience, "the token is not for this audience", err)
	case errors.Is(err, jwt.ErrExpired):
		return refuse(ResultExpired, "the token has expired", err)
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return refuse(ResultNotYet, "the token is not valid yet", err)
	}
	return refuse(ResultClaims, "the token is not valid", err)
}

// claims are all claims of a token.
type claims map[string]json.RawMessage
