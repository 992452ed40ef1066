package devissuer

import (
	"encoding/json"
	"net"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysPath       = "/keys"
	authorizePath  = "/authorize"
	tokenPath      = "/token"
	endSessionPath = "/end-session"
)

// ServeHTTP serves the issuer. Should it be mounted on a server that others reach, or be called with
// another host's name, it refuses.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isLocal(r) {
		http.Error(w, errNotLocal.Error(), http.StatusForbidden)
		return
	}
	i.handler.ServeHTTP(w, r)
}

func isLocal(r *http.Request) bool {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && !addr.IP.IsLoopback() {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return isLoopback(host)
}

func (i *Issuer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, i.document())
	})
	mux.HandleFunc("GET "+keysPath, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, i.publicKeys())
	})
	// A page of somebody else must not sign people in.
	sameOrigin := http.NewCrossOriginProtection()
	mux.HandleFunc("GET "+authorizePath, i.authorize)
	mux.Handle("POST "+authorizePath, sameOrigin.Handler(http.HandlerFunc(i.choose)))
	mux.HandleFunc("POST "+tokenPath, i.exchange)
	mux.HandleFunc("GET "+endSessionPath, i.endSession)
	mux.HandleFunc("POST "+endSessionPath, i.endSession)
	return mux
}

// document is the discovery document (OpenID Connect Discovery 1.0, section 3).
func (i *Issuer) document() map[string]any {
	return map[string]any{
		"issuer":                                         i.URL(),
		"jwks_uri":                                       i.URL() + keysPath,
		"authorization_endpoint":                         i.URL() + authorizePath,
		"token_endpoint":                                 i.URL() + tokenPath,
		"end_session_endpoint":                           i.URL() + endSessionPath,
		"scopes_supported":                               []string{"openid"},
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":               []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"none"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{string(i.options.Algorithm)},
		"authorization_response_iss_parameter_supported": true,
	}
}

func (i *Issuer) publicKeys() jose.JSONWebKeySet {
	i.mu.RLock()
	defer i.mu.RUnlock()
	var set jose.JSONWebKeySet
	for _, k := range i.keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return set
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the client has gone
}
