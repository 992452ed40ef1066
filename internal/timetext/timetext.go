// Package timetext reads times as RFC 3339, section 5.6, writes them. time.Parse takes more: a comma before the fraction, an
// offset of 24 hours, an hour of one digit. And less: the letters may be small there.
package timetext

import (
	"errors"
	"strings"
	"time"
)

// ErrForm says that a text is no time of RFC 3339, or one that cannot be stored.
var ErrForm = errors.New("not a date and time of RFC 3339")

// form is what stands at the first places of each time, 0 for a digit.
const form = "0000-00-00T00:00:00"

// Parse reads a date-time. A leap second, 23:59:60Z, is refused: neither Go nor Postgres can keep it, and what is stored would
// be another second than was sent. Its error is ErrForm.
func Parse(text string) (time.Time, error) {
	if len(text) <= len(form) {
		return time.Time{}, ErrForm
	}
	for i := range len(form) {
		switch {
		case form[i] == '0' && digit(text[i]), form[i] == text[i], i == len("0000-00-00") && text[i] == 't':
		default:
			return time.Time{}, ErrForm
		}
	}
	rest := text[len(form):]
	if rest[0] == '.' {
		rest = strings.TrimLeft(rest[1:], "0123456789")
	}
	if !offset(rest) {
		return time.Time{}, ErrForm
	}
	// Dates that do not exist are left to it, and so is a . without a digit behind it.
	t, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		return time.Time{}, ErrForm
	}
	return t, nil
}

// offset reports whether a text is Z or an offset of less than 24 hours.
func offset(text string) bool {
	if text == "Z" || text == "z" {
		return true
	}
	return len(text) == len("+00:00") && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
		digit(text[1]) && digit(text[2]) && text[1:3] <= "23" && digit(text[4]) && digit(text[5]) && text[4:] <= "59"
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
