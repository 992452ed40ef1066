// Package email checks and normalises e-mail addresses, by the rule that browsers apply (HTML Standard, "Valid e-mail address").
package email

import "strings"

const (
	maxLocal  = 64  // RFC 5321, section 4.5.3.1.1
	maxLength = 254 // RFC 5321, section 4.5.3.1.3, without the brackets of a path
	maxLabel  = 63  // RFC 1035, section 2.3.4
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
	local, domain, found := strings.Cut(address, "@")
	switch {
	case len(address) > maxLength || found && len(local) > maxLocal:
		return "", ErrLong
	case !found || !wellFormed(local, domain):
		return "", ErrForm
	}
	return strings.ToLower(address), nil
}

// wellFormed reports whether browsers take the address (WHATWG HTML, input type=email), narrowed to RFC 5321, section 4.1.2:
// dots of the local part stand between other characters. It is written by hand because every create of a person asks it, and
// a regular expression took 4 % of that.
func wellFormed(local, domain string) bool {
	for part := range strings.SplitSeq(local, ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return !atext(r) }) {
			return false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return r != '-' && !alphanumeric(r) }) {
			return false
		}
	}
	return true
}

// atext is a character of an atom (RFC 5322, section 3.2.3).
func atext(r rune) bool { return alphanumeric(r) || strings.ContainsRune("!#$%&'*+/=?^_`{|}~-", r) }

func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
