package devissuer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

const issuerURL = "http://127.0.0.1:8081"

func newIssuer(t *testing.T, o devissuer.Options) *devissuer.Issuer {
	t.Helper()
	if o.IssuerURL == "" {
		o.IssuerURL = issuerURL
	}
	i, err := devissuer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestDiscovery reads the issuer with a client library as any service would.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			l, issuerURL, err := devissuer.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			i := newIssuer(t, devissuer.Options{IssuerURL: issuerURL, Algorithm: alg})
			server := &httptest.Server{Listener: l, Config: &http.Server{Handler: i}}
			server.Start()
			t.Cleanup(server.Close)

			provider, err := oidc.NewProvider(t.Context(), i.URL())
			if err != nil {
				t.Fatal(err)
			}
			user, tenant := uuid.New(), uuid.New()
			raw, err := i.Token(devissuer.TokenRequest{UserID: user, TenantID: tenant, Scopes: []string{"a", "b"}})
			if err != nil {
				t.Fatal(err)
			}
			token, err := provider.Verifier(&oidc.Config{ClientID: "lockstep"}).Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := token.Claims(&got); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"iss": i.URL(), "aud": "lockstep", "sub": user.String(), "tenant_id": tenant.String(), "scope": "a b"}
			for _, generated := range []string{"exp", "iat", "nbf", "jti"} {
				if got[generated] == nil {
					t.Errorf("claim %s is missing", generated)
				}
				delete(got, generated)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	t.Run("survives a restart, and a rotation", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "new", "issuer.json")
		first := newIssuer(t, devissuer.Options{KeyFile: file})
		if diff := cmp.Diff(keyIDs(t, first), keyIDs(t, newIssuer(t, devissuer.Options{KeyFile: file}))); diff != "" {
			t.Errorf("after a restart: -want +got:\n%s", diff)
		}
		if err := first.Rotate(true); err != nil {
			t.Fatal(err)
		}
		again := keyIDs(t, newIssuer(t, devissuer.Options{KeyFile: file}))
		if diff := cmp.Diff(keyIDs(t, first), again); diff != "" || len(again) != 2 {
			t.Errorf("after a rotation: got %d keys, want 2; -want +got:\n%s", len(again), diff)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got mode %v and %v, want 0600", info.Mode(), err)
		}
		if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
			t.Errorf("got %d files and %v, want the key file only", len(entries), err)
		}
	})
	t.Run("processes that start together agree", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "issuer.json")
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for n := range ids {
			wg.Go(func() {
				i, err := devissuer.New(devissuer.Options{IssuerURL: issuerURL, KeyFile: file})
				if err != nil {
					t.Error(err)
					return
				}
				ids[n] = strings.Join(keyIDs(t, i), " ")
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("got keys %q, want one for all", ids)
			}
		}
	})
	t.Run("readable by others or damaged is refused", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "issuer.json")
		newIssuer(t, devissuer.Options{KeyFile: file})
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := devissuer.New(devissuer.Options{IssuerURL: issuerURL, KeyFile: file}); err == nil {
			t.Error("mode 0644: got no error, want one")
		}
		for _, content := range []string{"", "{", `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"AA"}]}`} {
			file := filepath.Join(t.TempDir(), "issuer.json")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := devissuer.New(devissuer.Options{IssuerURL: issuerURL, KeyFile: file}); err == nil {
				t.Errorf("%q: got no error, want one", content)
			}
		}
	})
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:80", "issuer.example:80", "127.0.0.1"} {
		if l, _, err := devissuer.Listen(addr); err == nil {
			_ = l.Close()
			t.Errorf("listen on %q: got no error, want one", addr)
		}
	}
	for _, u := range []string{"", "https://issuer.example", "http://issuer.example", "http://0.0.0.0:80", "http://127.0.0.1:80/", "http://127.0.0.1.example"} {
		if _, err := devissuer.New(devissuer.Options{IssuerURL: u}); err == nil {
			t.Errorf("issuer at %q: got no error, want one", u)
		}
	}
	t.Run("another host's name", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		newIssuer(t, devissuer.Options{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://evil.example/keys", nil))
		if w.Code != http.StatusForbidden {
			t.Errorf("got status %d, want 403", w.Code)
		}
	})
}

func TestPrivateKeyIsNotPublished(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		body := get(t, newIssuer(t, devissuer.Options{Algorithm: alg}), "/keys")
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal(body, &set); err != nil || len(set.Keys) != 1 {
			t.Fatalf("%s: got %d keys and %v, want 1", alg, len(set.Keys), err)
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if set.Keys[0][private] != nil {
				t.Errorf("%s: the private %q is published", alg, private)
			}
		}
	}
}

func keyIDs(t *testing.T, i *devissuer.Issuer) []string {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(get(t, i, "/keys"), &set); err != nil {
		t.Error(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.KeyID)
	}
	return ids
}

func get(t *testing.T, i *devissuer.Issuer, path string) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuerURL+path, nil))
	if w.Code != http.StatusOK {
		t.Errorf("GET %s: got status %d, want 200", path, w.Code)
	}
	return w.Body.Bytes()
}
