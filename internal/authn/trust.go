package authn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// What follows an issuer's URL to say whom it may speak for, besides ids of tenants.
const (
	anyTenant      = "any-tenant"
	platformIssuer = "platform"
)

// trust is what an issuer is trusted with. Its signature says who a caller is; that a customer's own issuer signs for
// another customer is what nothing but this refuses.
type trust struct {
	url       string
	anyTenant bool
	// others are the tenants that have issuers of their own, of which this is none: anyTenant does not reach to them.
	others   []uuid.UUID
	tenants  []uuid.UUID
	platform bool
}

// permits returns why the issuer may not speak for a principal, or nil.
func (t trust) permits(p *Principal) error {
	switch {
	case p.Platform && !t.platform:
		return refuse(ResultTrust, "the token's issuer may not speak for the platform", nil)
	case !p.Platform && !t.speaksFor(p.TenantID):
		return refuse(ResultTrust, "the token's issuer may not speak for this tenant", nil)
	}
	return nil
}

func (t trust) speaksFor(tenant uuid.UUID) bool {
	return slices.Contains(t.tenants, tenant) || t.anyTenant && !slices.Contains(t.others, tenant)
}

// CheckIssuers reports what is wrong with a list of Config.Issuers, all of it in one sentence.
func CheckIssuers(issuers []string) error {
	_, err := parseIssuers(issuers)
	return err
}

func parseIssuers(issuers []string) ([]trust, error) {
	var all []trust
	var mistakes []string
	for _, text := range issuers {
		t, err := parseIssuer(text)
		if err == nil && slices.ContainsFunc(all, func(other trust) bool { return other.url == t.url }) {
			err = errors.New("is listed twice: list it once, with all it may speak for")
		}
		if err == nil && len(issuers) > 1 && !t.anyTenant && !t.platform && t.tenants == nil {
			// One of several that says nothing would be trusted with the tenants of the others, or with none.
			err = fmt.Errorf("say whom each of several issuers may speak for, after its URL: ids of tenants, or %s; and %s, if for that too",
				anyTenant, platformIssuer)
		}
		if err != nil {
			url, _, _ := strings.Cut(text, " ")
			mistakes = append(mistakes, fmt.Sprintf("issuer %q: %v", url, err))
			continue
		}
		all = append(all, t)
	}
	if mistakes != nil {
		return nil, errors.New(strings.Join(mistakes, "; "))
	}
	if len(all) == 1 && !all[0].anyTenant && !all[0].platform && all[0].tenants == nil {
		all[0].anyTenant, all[0].platform = true, true
	}
	for i := range all {
		for _, other := range all {
			for _, tenant := range other.tenants {
				if !slices.Contains(all[i].tenants, tenant) {
					all[i].others = append(all[i].others, tenant)
				}
			}
		}
	}
	return all, nil
}

// parseIssuer reads "URL WORD…".
func parseIssuer(text string) (trust, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return trust{}, checkURL("")
	}
	t := trust{url: words[0]}
	if err := checkURL(t.url); err != nil {
		return t, err
	}
	for _, word := range words[1:] {
		switch word {
		case anyTenant:
			t.anyTenant = true
		case platformIssuer:
			t.platform = true
		default:
			id, err := parseID(word)
			if err != nil {
				return t, fmt.Errorf("%q is neither a tenant's id (a UUID) nor %s nor %s", word, anyTenant, platformIssuer)
			}
			t.tenants = append(t.tenants, id)
		}
	}
	return t, nil
}
