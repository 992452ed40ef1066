package devseed

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// organisation is a tenant and the people in it. The first person is its administrator.
type organisation struct {
	slug, name string
	// domain of the e-mail addresses, reserved for examples (RFC 2606).
	domain string
	people []person
}

// person is a row of an organisation's table. The manager is named by the display name; the people on top have none.
type person struct {
	name, manager string
	roles         []string
	left          bool
}

func (p person) status() string {
	if p.left {
		return "inactive"
	}
	return "active"
}

// plain spells the letters that the names have beyond ASCII.
var plain = strings.NewReplacer(
	"å", "a", "ä", "ae", "é", "e", "è", "e", "í", "i", "ł", "l", "ñ", "n", "ó", "o", "ö", "oe", "ø", "o", "ş", "s", "š", "s", "ś", "s", "ń", "n", "ü", "ue",
	"á", "a", "ç", "c", "ć", "c", "ı", "i", "'", "", " ", ".",
)

// email is the address a company would give: first.last@domain.
func (p person) email(domain string) string {
	return plain.Replace(strings.ToLower(p.name)) + "@" + domain
}

// founded is when the organisation was made.
func (o organisation) founded() time.Time {
	return epoch.AddDate(0, 0, 7*slices.IndexFunc(organisations, func(x organisation) bool { return x.slug == o.slug }))
}

// joined is when a person was made: two hours before the next one.
func (o organisation) joined(name string) time.Time {
	i := slices.IndexFunc(o.people, func(p person) bool { return p.name == name })
	return o.founded().Add(time.Hour + time.Duration(i)*2*time.Hour)
}

func (o organisation) id() uuid.UUID { return newID(o.founded(), o.slug) }

func (o organisation) userID(name string) uuid.UUID {
	return newID(o.joined(name), o.slug, "user", name)
}

func (o organisation) roleID(name string) uuid.UUID { return newID(o.founded(), o.slug, "role", name) }

func (o organisation) managerID(p person) *uuid.UUID {
	if p.manager == "" {
		return nil
	}
	id := o.userID(p.manager)
	return &id
}
