// Package mailbox knows the form of e-mail addresses.
package mailbox

import (
	"regexp"
	"strings"
)

// form is what browsers take for a valid e-mail address (WHATWG HTML, input type=email), narrowed to RFC 5321: dots of the
// local part stand between other characters (section 4.1.2, Dot-string), which is at most 64 characters (4.5.3.1.1). It is ASCII
// only: nothing in it is invisible or looks like something else.
var form = regexp.MustCompile(`^[a-zA-Z0-9!#$%&'*+/=?^_` + "`" + `{|}~-]+(?:\.[a-zA-Z0-9!#$%&'*+/=?^_` + "`" + `{|}~-]+)*` +
	`@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)

const (
	maxLocal  = 64
	maxLength = 254
)

// Fault is what is wrong with an address: a sentence of advice to whoever sends it.
type Fault string

// Error returns the sentence.
func (f Fault) Error() string { return string(f) }

// The faults.
const (
	ErrSpace Fault = "Take away spaces, line breaks and other characters that cannot be seen."
	ErrASCII Fault = "Write the address in ASCII: an international domain in its xn-- form."
	ErrLong  Fault = "An address has at most 64 characters before the @ and 254 in all."
	ErrForm  Fault = "Write one address such as name@example.com, without a name or quotes."
)

// Normal returns the address in lower case, so that one that differs in case alone is the same. RFC 5321 leaves the case of
// the local part to the receiving host (section 2.4); none in use tells Admin@ from admin@. Its error is a Fault.
func Normal(address string) (string, error) {
	for _, r := range address {
		switch {
		case r <= ' ' || r == 0x7f || r == 0xa0 || r == 0xad || r >= 0x2000 && r <= 0x206f || r == 0x3000 || r == 0xfeff:
			return "", ErrSpace
		case r > 0x7f:
			return "", ErrASCII
		}
	}
	local, _, found := strings.Cut(address, "@")
	switch {
	case len(address) > maxLength || found && len(local) > maxLocal:
		return "", ErrLong
	case !form.MatchString(address):
		return "", ErrForm
	}
	return strings.ToLower(address), nil
}
