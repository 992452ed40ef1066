package authn

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/uuidtext"
)

// platformScope is the scope of those who create and list tenants.
const platformScope = "platform"

// principal reads who the claims are about:
//   - a service, if there is a scope and the subject is the client itself, as in the client credentials
//     grant (RFC 9068, section 2.2), or is absent and the client is named;
//   - otherwise a user, whose id is in the user claim. A scope grants a user nothing: it is what the
//     client may do for the user at most;
//   - the platform, if that is a service without a tenant whose scope contains "platform".
func (v *Verifier) principal(c claims) (*Principal, error) {
	p := &Principal{}
	var err error
	if p.Scopes, err = c.scopes(); err != nil {
		return nil, refuse(ResultClaims, "the claim scope is malformed", err)
	}
	if p.Subject, _, err = c.text("sub"); err != nil {
		return nil, refuse(ResultClaims, "the claim sub is malformed", err)
	}
	tenant, hasTenant, err := c.text(v.config.TenantClaim)
	if err != nil {
		return nil, v.malformed(v.config.TenantClaim, err)
	}
	switch {
	case hasTenant:
		if p.TenantID, err = parseID(tenant); err != nil {
			return nil, v.malformed(v.config.TenantClaim, err)
		}
	case slices.Contains(p.Scopes, platformScope) && c.ofClient(p.Subject):
		p.Platform = true
	default:
		return nil, refuse(ResultClaims, "the token lacks the claim "+v.config.TenantClaim, nil)
	}

	user, hasUser, err := c.text(v.config.UserClaim)
	if err != nil {
		return nil, v.malformed(v.config.UserClaim, err)
	}
	switch {
	case p.Platform, p.Scopes != nil && c.ofClient(p.Subject) && (!hasUser || user == p.Subject):
		if err := c.identifies(p.Subject); err != nil {
			return nil, err
		}
		p.Permissions = slices.Clone(p.Scopes)
	case !hasUser:
		return nil, refuse(ResultClaims, "the token lacks the claim "+v.config.UserClaim, nil)
	default:
		if p.UserID, err = parseID(user); err != nil {
			return nil, v.malformed(v.config.UserClaim, err)
		}
	}
	return p, nil
}

func (v *Verifier) malformed(claim string, err error) *TokenError {
	return refuse(ResultClaims, "the claim "+claim+" is malformed: it must be a UUID", err)
}

// ofClient reports whether the token is about the client it was issued to and not about a person.
func (c claims) ofClient(subject string) bool {
	if subject == "" {
		return true
	}
	client := c.client()
	return client != "" && client == subject
}

// client is the client that the token was issued to; empty when it names none.
func (c claims) client() string {
	for _, name := range []string{"client_id", "azp"} {
		if client, ok, err := c.text(name); ok && err == nil {
			return client
		}
	}
	return ""
}

// maxIdentity is the most characters of what identifies a service: as many as OpenID Connect Core 1.0, section 2, allows a sub.
const maxIdentity = 255

// identifies refuses a service without a sub and a client, and one whose sub, or in its absence its client, is too long, or has
// characters that nobody would see in a log. It names what the service has written and whose share it takes, with its next
// token too.
func (c claims) identifies(subject string) error {
	name := "sub"
	for _, other := range []string{"client_id", "azp"} {
		if subject == "" {
			name = other
			subject, _, _ = c.text(other) // what is no text identifies nobody
		}
	}
	if subject == "" {
		return refuse(ResultClaims, "the token of a service must name it by the claim sub, client_id or azp", nil)
	}
	if len(subject) <= maxIdentity && !strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil
	}
	return refuse(ResultClaims, "the claim "+name+" of a service must have 255 characters at most, all of them printable ASCII", nil)
}

// text returns a claim that is a string; null and "" are the same as absent.
func (c claims) text(name string) (value string, present bool, err error) {
	raw, ok := c[name]
	if !ok {
		return "", false, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return "", false, errors.New("not a string")
	}
	return value, value != "", nil
}

// scopes returns the scope claim, a string with spaces (RFC 8693, section 4.2) or, of some issuers, an
// array; nil if there is none.
func (c claims) scopes() ([]string, error) {
	raw, ok := c["scope"]
	if !ok {
		return nil, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil, errors.New("neither a string nor an array of strings")
	}
	if fields := strings.Fields(text); len(fields) > 0 {
		return fields, nil
	}
	return nil, nil
}

// parseID accepts a UUID in its one form that is not zero.
func parseID(s string) (uuid.UUID, error) {
	id, err := uuidtext.Parse(s)
	if err == nil && id == uuid.Nil {
		err = errors.New("the UUID is zero")
	}
	return id, err
}
