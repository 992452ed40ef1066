package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"
)

// Value sets a field from a text.
type Value interface {
	// Kind says in a word what the text is, with its unit: duration, bytes.
	Kind() string
	// Set parses the text. Its error says what to give instead and does not quote the text.
	Set(text string) error
}

// none is the text of an optional setting that is not wanted.
const none = "none"

type value struct {
	kind string
	set  func(string) error
}

func (v value) Kind() string          { return v.kind }
func (v value) Set(text string) error { return v.set(text) }

// text is kept as it is.
func text(field *string, kind string) Value {
	return value{kind, func(v string) error {
		if *field = v; v == none {
			*field = ""
		}
		return nil
	}}
}

// list is separated by commas.
func list(field *[]string, kind string) Value {
	return value{kind, func(v string) error {
		*field = nil
		for _, item := range strings.Split(v, ",") {
			if item = strings.TrimSpace(item); item != "" && v != none {
				*field = append(*field, item)
			}
		}
		return nil
	}}
}

func address(field *string) Value {
	return value{"host:port", func(v string) error {
		_, port, err := net.SplitHostPort(v)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return errors.New("give host:port, such as 0.0.0.0:8080")
		}
		*field = v
		return nil
	}}
}

const booleanKind = "true|false"

func boolean(field *bool) Value {
	return value{booleanKind, func(v string) (err error) {
		if *field, err = strconv.ParseBool(v); err != nil {
			return errors.New("give true or false")
		}
		return nil
	}}
}

// duration is at least least.
func duration(field *time.Duration, least time.Duration) Value {
	return value{"duration", func(v string) error {
		d, err := time.ParseDuration(v)
		switch {
		case err != nil:
			return errors.New("give a duration with its unit, such as 500ms, 20s or 1m")
		case d < least:
			return fmt.Errorf("give a duration of at least %s", least)
		}
		*field = d
		return nil
	}}
}

// number is a whole number from low to high; its kind is its unit.
func number[T int32 | int64](field *T, unit string, low, high T) Value {
	return value{unit, func(v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || cmp.Compare(n, int64(low)) < 0 || cmp.Compare(n, int64(high)) > 0 {
			return fmt.Errorf("give a whole number (%s) from %d to %d", unit, low, high)
		}
		*field = T(n)
		return nil
	}}
}

func rate(field *Rate) Value {
	return value{"count/duration", func(v string) error {
		*field = Rate{}
		if v == none {
			return nil
		}
		count, per, _ := strings.Cut(v, "/")
		n, err := strconv.Atoi(count)
		d, badDuration := time.ParseDuration(per)
		if err != nil || badDuration != nil || n < 1 || n > 1_000_000_000 || d < time.Second || d > time.Hour {
			return errors.New("give a count and a duration from 1s to 1h, such as 1000/10s, or none")
		}
		*field = Rate{n, d}
		return nil
	}}
}

func level(field *slog.Level) Value {
	return value{"debug|info|warn|error", func(v string) error {
		if err := field.UnmarshalText([]byte(v)); err != nil {
			return errors.New("give debug, info, warn or error")
		}
		return nil
	}}
}
