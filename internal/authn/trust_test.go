package authn_test

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// TestIssuersSpeakForWhomTheyMay has every issuer sign for everybody, well.
func TestIssuersSpeakForWhomTheyMay(t *testing.T) {
	t.Parallel()
	other := uuid.MustParse("99999999-2222-4333-8444-555555555555")
	c := newClock()
	all, platform, bound := newIssuer(t, c, jose.ES256), newIssuer(t, c, jose.ES256), newIssuer(t, c, jose.ES256)
	const ofNobodyElse = "77777777-2222-4333-8444-555555555555"
	v := newVerifierWith(t, authn.Config{Clock: c.Now, Issuers: []string{
		all.URL() + " any-tenant", platform.URL() + " platform", bound.URL() + " " + someTenant.String() + " " + ofNobodyElse,
	}})
	both := newVerifierWith(t, authn.Config{Clock: c.Now, Issuers: []string{
		all.URL() + " " + someTenant.String() + " any-tenant", bound.URL() + " " + someTenant.String() + " " + ofNobodyElse,
	}})
	alone := newVerifierWith(t, authn.Config{Clock: c.Now, Issuers: []string{bound.URL()}})
	aloneBound := newVerifierWith(t, authn.Config{Clock: c.Now, Issuers: []string{bound.URL() + " platform"}})
	const tenant, operator = "may not speak for this tenant", "may not speak for the platform"
	for name, test := range map[string]struct {
		verifier                 *authn.Verifier
		issuer                   *realIssuer
		own, foreign, ofPlatform string
	}{
		"any tenant":               {v, all, tenant, "", operator}, // the own one has an issuer of its own
		"any tenant, and that one": {both, all, "", "", operator},
		"bound, and not alone":     {both, bound, "", tenant, operator},
		"platform":                 {v, platform, tenant, tenant, ""},
		"bound":                    {v, bound, "", tenant, operator},
		"alone":                    {alone, bound, "", "", ""},
		"alone, with what it may":  {aloneBound, bound, tenant, tenant, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for want, request := range map[*string]devissuer.TokenRequest{
				&test.own:        {TenantID: someTenant, UserID: someUser},
				&test.foreign:    {TenantID: other, ClientID: "importer", Scopes: []string{"users:read"}},
				&test.ofPlatform: {ClientID: "operator", Scopes: []string{"platform"}},
			} {
				token, err := test.issuer.Token(request)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // the second time from what is remembered, if that were
					p, err := test.verifier.Verify(t.Context(), token)
					if *want == "" {
						if err != nil {
							t.Errorf("got %v, want a principal", err)
						}
						continue
					}
					if p != nil {
						t.Errorf("got principal %v, want none", p)
					}
					wantRefused(t, err, token, *want)
				}
			}
		})
	}
}
