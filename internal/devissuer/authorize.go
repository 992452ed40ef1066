package devissuer

import (
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

//go:embed authorize.html
var pageText string

var page = template.Must(template.New("authorize").Parse(pageText))

// request is an authorization request (OpenID Connect Core 1.0, section 3.1.2.1, with PKCE, RFC 7636).
type request struct {
	client Client
	values url.Values
}

// redirectError is an error that the client is told, at its redirect URI.
type redirectError struct{ code, description string }

// readRequest refuses what must not be answered at the redirect URI, because that may be anyone's.
func (i *Issuer) readRequest(values url.Values) (request, error) {
	client, ok := i.client(values.Get("client_id"))
	if !ok {
		return request{}, fmt.Errorf("client_id %q is not registered", values.Get("client_id"))
	}
	if !slices.Contains(client.RedirectURIs, values.Get("redirect_uri")) {
		return request{}, fmt.Errorf("redirect_uri %q is not registered for %s: want one of %s",
			values.Get("redirect_uri"), client.ID, strings.Join(client.RedirectURIs, " "))
	}
	return request{client: client, values: values}, nil
}

// check returns what is wrong with a request whose client and redirect URI are right.
func (r request) check() *redirectError {
	v := r.values
	for name := range v {
		if len(v[name]) > 1 {
			return &redirectError{"invalid_request", name + " is given twice"}
		}
	}
	switch {
	case v.Get("response_type") != "code":
		return &redirectError{"unsupported_response_type", "response_type must be code"}
	case v.Get("response_mode") != "" && v.Get("response_mode") != "query":
		return &redirectError{"invalid_request", "response_mode must be query"}
	case !slices.Contains(strings.Fields(v.Get("scope")), "openid"):
		return &redirectError{"invalid_scope", "scope must contain openid"}
	case v.Get("code_challenge_method") != "S256" || len(v.Get("code_challenge")) != 43:
		return &redirectError{"invalid_request", "a code_challenge by S256 is needed (RFC 7636)"}
	case v.Get("prompt") == "none":
		return &redirectError{"login_required", "nobody is signed in here"}
	}
	return nil
}

// authorize asks who signs in.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	req, err := i.readRequest(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if problem := req.check(); problem != nil {
		i.redirect(w, r, req, url.Values{"error": {problem.code}, "error_description": {problem.description}})
		return
	}
	people, err := i.people(r.Context())
	if err != nil {
		http.Error(w, "list who may sign in: "+err.Error(), http.StatusInternalServerError)
		return
	}
	nonce := rand.Text()
	target, _ := url.Parse(req.values.Get("redirect_uri")) // it is registered
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "same-origin")
	// form-action also limits where the answer to the form may redirect.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+
		target.Scheme+"://"+target.Host)
	_ = page.Execute(w, map[string]any{ // the client has gone
		"Client": req.client.ID, "Nonce": nonce, "Values": req.values, "Tenants": byTenant(people),
	})
}

type tenantPeople struct {
	Name   string
	People []Person
}

// byTenant groups people in the order they come.
func byTenant(people []Person) []tenantPeople {
	var groups []tenantPeople
	for _, p := range people {
		at := slices.IndexFunc(groups, func(g tenantPeople) bool { return g.People[0].TenantID == p.TenantID })
		if at < 0 {
			groups, at = append(groups, tenantPeople{Name: p.Tenant}), len(groups)
		}
		groups[at].People = append(groups[at].People, p)
	}
	return groups
}

// choose signs the chosen person in and sends the client a code.
func (i *Issuer) choose(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "read the form: "+err.Error(), http.StatusBadRequest)
		return
	}
	chosen := r.PostForm.Get("person")
	r.PostForm.Del("person")
	req, err := i.readRequest(r.PostForm)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if problem := req.check(); problem != nil {
		i.redirect(w, r, req, url.Values{"error": {problem.code}, "error_description": {problem.description}})
		return
	}
	if chosen == "" {
		i.redirect(w, r, req, url.Values{"error": {"access_denied"}, "error_description": {"nobody was chosen"}})
		return
	}
	id, err := uuid.Parse(chosen)
	if err != nil {
		http.Error(w, "person is not an id", http.StatusBadRequest)
		return
	}
	person, ok, err := i.person(r.Context(), id)
	if err != nil {
		http.Error(w, "look for the person: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if !ok {
		http.Error(w, "this person may not sign in", http.StatusBadRequest)
		return
	}
	now := i.options.Clock()
	s := &signIn{
		id: rand.Text(), clientID: req.client.ID, userID: person.UserID,
		scope: req.values.Get("scope"), nonce: req.values.Get("nonce"), at: now,
	}
	value := i.grants.issueCode(code{signIn: s, redirectURI: req.values.Get("redirect_uri"), challenge: req.values.Get("code_challenge")}, now)
	i.redirect(w, r, req, url.Values{"code": {value}})
}

// redirect answers the client, with its state and who answers (RFC 9207).
func (i *Issuer) redirect(w http.ResponseWriter, r *http.Request, req request, answer url.Values) {
	answer.Set("iss", i.URL())
	if state := req.values.Get("state"); state != "" {
		answer.Set("state", state)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, withQuery(req.values.Get("redirect_uri"), answer), http.StatusSeeOther)
}

// withQuery adds parameters to a registered URI, which may have some already.
func withQuery(uri string, values url.Values) string {
	if len(values) == 0 {
		return uri
	}
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + values.Encode()
}
