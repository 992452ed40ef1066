package devissuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// accessLifetime of the tokens that a sign-in gives: short, because a sign-out does not end them.
const accessLifetime = 10 * time.Minute

// exchange is the token endpoint (RFC 6749, section 3.2).
func (i *Issuer) exchange(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, "invalid_request", "the form cannot be read")
		return
	}
	form := r.PostForm
	client, ok := i.client(form.Get("client_id"))
	if !ok {
		refuse(w, "invalid_client", "client_id is not registered")
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		i.exchangeCode(w, r, client, form)
	case "refresh_token":
		s, next, ok := i.grants.rotate(form.Get("refresh_token"), client.ID, i.options.Clock())
		if !ok {
			refuse(w, "invalid_grant", "the refresh token is not good, or not any more")
			return
		}
		i.answer(w, r, s, next)
	default:
		refuse(w, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
	}
}

func (i *Issuer) exchangeCode(w http.ResponseWriter, r *http.Request, client Client, form url.Values) {
	c, ok := i.grants.takeCode(form.Get("code"), i.options.Clock())
	if !ok || c.signIn.clientID != client.ID || c.redirectURI != form.Get("redirect_uri") {
		refuse(w, "invalid_grant", "the code is not good, or not any more")
		return
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(challenge), []byte(c.challenge)) != 1 {
		refuse(w, "invalid_grant", "code_verifier does not fit the challenge")
		return
	}
	i.answer(w, r, c.signIn, i.grants.issueRefresh(c.signIn))
}

// answer sends the tokens of a sign-in, as long as its person may sign in.
func (i *Issuer) answer(w http.ResponseWriter, r *http.Request, s *signIn, refreshToken string) {
	person, ok, err := i.person(r.Context(), s.userID)
	if err != nil {
		http.Error(w, "look for the person: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if !ok {
		i.grants.revoke(s.id)
		refuse(w, "invalid_grant", "this person may not sign in any more")
		return
	}
	access, err := i.Token(TokenRequest{
		TenantID: person.TenantID, UserID: person.UserID, Lifetime: accessLifetime,
		Claims: map[string]any{"client_id": s.clientID, "sid": s.id},
	})
	if err == nil {
		var id string
		if id, err = i.idToken(s, person); err == nil {
			writeJSON(w, map[string]any{
				"access_token": access, "token_type": "Bearer", "expires_in": int(accessLifetime.Seconds()),
				"refresh_token": refreshToken, "id_token": id, "scope": s.scope,
			})
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

// idToken says who signed in (OpenID Connect Core 1.0, section 2). Its audience is the client: the API does not take it.
func (i *Issuer) idToken(s *signIn, p Person) (string, error) {
	now := i.options.Clock()
	claims := map[string]any{
		"iss": i.URL(), "sub": p.UserID.String(), "aud": s.clientID, "iat": now.Unix(), "exp": now.Add(accessLifetime).Unix(),
		"auth_time": s.at.Unix(), "sid": s.id, "tenant_id": p.TenantID.String(), "name": p.Name, "email": p.Email,
	}
	if s.nonce != "" {
		claims["nonce"] = s.nonce
	}
	return i.sign(claims, "JWT")
}

// endSession ends the sign-in that an ID token tells of (OpenID Connect RP-Initiated Logout 1.0). An expired one will do.
func (i *Issuer) endSession(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "read the form: "+err.Error(), http.StatusBadRequest)
		return
	}
	clientID, id, ok := i.readHint(r.Form.Get("id_token_hint"))
	if !ok {
		http.Error(w, "id_token_hint is not a token of this issuer", http.StatusBadRequest)
		return
	}
	i.grants.revoke(id)
	target := r.Form.Get("post_logout_redirect_uri")
	if target == "" {
		_, _ = w.Write([]byte("You are signed out.\n")) // the client has gone
		return
	}
	client, _ := i.client(clientID)
	if !slices.Contains(client.SignedOutURIs, target) {
		http.Error(w, "You are signed out, but post_logout_redirect_uri is not registered.", http.StatusBadRequest)
		return
	}
	values := url.Values{}
	if state := r.Form.Get("state"); state != "" {
		values.Set("state", state)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, withQuery(target, values), http.StatusSeeOther)
}

// readHint returns the client and the sign-in of an ID token that this issuer signed.
func (i *Issuer) readHint(token string) (clientID, id string, ok bool) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA})
	if err != nil {
		return "", "", false
	}
	keys := i.publicKeys()
	payload, err := parsed.Verify(&keys)
	if err != nil {
		return "", "", false
	}
	var claims struct {
		Audience string `json:"aud"`
		ID       string `json:"sid"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.ID == "" {
		return "", "", false
	}
	return claims.Audience, claims.ID, true
}

// refuse is an error of the token endpoint (RFC 6749, section 5.2).
func refuse(w http.ResponseWriter, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description}) // the client has gone
}
