package devissuer

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Client is an application that people sign in to. It is public (RFC 6749, section 2.1): it proves itself by PKCE alone.
type Client struct {
	ID string
	// RedirectURIs are where codes are sent, compared character by character (RFC 9700, section 2.1).
	RedirectURIs []string
	// SignedOutURIs are where people may be sent after they signed out, compared likewise.
	SignedOutURIs []string
}

// Person is somebody to sign in as.
type Person struct {
	TenantID uuid.UUID
	// Tenant is the organisation's name.
	Tenant string
	UserID uuid.UUID
	Name   string
	Email  string
	// Roles are their names.
	Roles []string
}

// About is the person's address and roles, for people.
func (p Person) About() string {
	return strings.Join(slices.DeleteFunc([]string{p.Email, strings.Join(p.Roles, ", ")}, func(s string) bool { return s == "" }), " · ")
}

// client returns the registered client of an id.
func (i *Issuer) client(id string) (Client, bool) {
	at := slices.IndexFunc(i.options.Clients, func(c Client) bool { return c.ID == id })
	if id == "" || at < 0 {
		return Client{}, false
	}
	return i.options.Clients[at], true
}

// people lists who may sign in, as of now.
func (i *Issuer) people(ctx context.Context) ([]Person, error) {
	if i.options.People == nil {
		return nil, nil
	}
	return i.options.People(ctx)
}

// person returns the one with this user id, if they may still sign in.
func (i *Issuer) person(ctx context.Context, id uuid.UUID) (Person, bool, error) {
	people, err := i.people(ctx)
	if err != nil {
		return Person{}, false, err
	}
	at := slices.IndexFunc(people, func(p Person) bool { return p.UserID == id })
	if at < 0 {
		return Person{}, false, nil
	}
	return people[at], true, nil
}
