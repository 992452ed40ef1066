package devissuer

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// defaultLifetime of a token that asks for no other.
const defaultLifetime = time.Hour

// TokenRequest says what a token is to say. A user's token has TenantID and UserID, a service's TenantID,
// ClientID and Scopes, the platform's the scope "platform" and no tenant.
type TokenRequest struct {
	TenantID uuid.UUID
	UserID   uuid.UUID
	// ClientID is the subject too if there is no user.
	ClientID string
	Scopes   []string
	// Audience defaults to the issuer's.
	Audience string
	// Lifetime defaults to an hour; negative makes an expired token.
	Lifetime time.Duration
	// Claims are added, and replace those of the same name; nil removes one.
	Claims map[string]any
}

// Token returns a signed token for r.
func (i *Issuer) Token(r TokenRequest) (string, error) {
	now := i.options.Clock()
	if r.Lifetime == 0 {
		r.Lifetime = defaultLifetime
	}
	if r.Audience == "" {
		r.Audience = i.options.Audience
	}
	c := map[string]any{
		"iss": i.URL(),
		"aud": r.Audience,
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(r.Lifetime).Unix(),
		"jti": uuid.NewString(),
	}
	if r.TenantID != uuid.Nil {
		c["tenant_id"] = r.TenantID.String()
	}
	if r.ClientID != "" {
		c["client_id"], c["sub"] = r.ClientID, r.ClientID
	}
	if r.UserID != uuid.Nil {
		c["sub"] = r.UserID.String()
	}
	if len(r.Scopes) > 0 {
		c["scope"] = strings.Join(r.Scopes, " ")
	}
	for name, value := range r.Claims {
		c[name] = value
	}
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return i.Sign(c)
}

// Sign returns a token with exactly these claims, a value that marshals to a JSON object.
func (i *Issuer) Sign(claims any) (string, error) { return i.sign(claims, "at+jwt") }

func (i *Issuer) sign(claims any, kind jose.ContentType) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	i.mu.RLock()
	key := i.keys[0]
	i.mu.RUnlock()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key},
		(&jose.SignerOptions{}).WithType(kind),
	)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed.CompactSerialize()
}
