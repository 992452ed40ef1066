package authn

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those a token may be signed with. Symmetric ones and "none" are not among them
// (RFC 8725, section 3.1).
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}

// minRSABits is the least NIST SP 800-131A and RFC 7518, section 3.3 allow.
const minRSABits = 2048

// keySet holds an issuer's usable public keys.
type keySet []jose.JSONWebKey

// candidates returns the keys a token with this header may be signed with: the one it names, or all of
// the algorithm if it names none.
func (s keySet) candidates(kid, alg string) []jose.JSONWebKey {
	var out []jose.JSONWebKey
	for _, k := range s {
		if (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == alg) {
			out = append(out, k)
		}
	}
	return out
}

// fetchKeys reads a JSON Web Key Set (RFC 7517). Keys of other kinds or uses are passed over: they are
// for other clients of the issuer.
func fetchKeys(ctx context.Context, client *http.Client, url string) (keySet, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("request keys: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("request keys: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("request keys: got status %d, want 200", resp.StatusCode)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var keys keySet
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) == nil && usable(k) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("read keys: the issuer has none for RS256, ES256 or EdDSA")
	}
	return keys, nil
}

func usable(k jose.JSONWebKey) bool {
	if !k.IsPublic() || !k.Valid() || k.Use != "" && k.Use != "sig" {
		return false
	}
	if key, ok := k.Key.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
		return false
	}
	return k.Algorithm == "" || slices.Contains(algorithms, jose.SignatureAlgorithm(k.Algorithm))
}
