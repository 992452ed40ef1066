package config

import (
	"net/url"
	"regexp"
	"strings"
)

// masked stands for what may not be shown.
const masked = "xxxxx"

// credentials are the user and password of a URL wherever it stands in a text.
var credentials = regexp.MustCompile(`://([^/?#@,\s:]*):[^/?#,\s]*@`)

// mask returns a value as it may be shown. Of a secret URL host and database remain, which tell an operator whether it is
// the right one; of any other secret nothing. Of other values passwords inside URLs go.
func mask(value string, secret bool) string {
	if value == "" || value == none {
		return value
	}
	if !secret {
		return credentials.ReplaceAllString(value, "://$1:"+masked+"@")
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return masked
	}
	if user := u.User; user != nil {
		u.User = url.User(user.Username())
		if _, has := user.Password(); has {
			u.User = url.UserPassword(user.Username(), masked)
		}
	}
	query := u.Query()
	for name := range query {
		if !harmless[strings.ToLower(name)] {
			query.Set(name, masked)
		}
	}
	u.RawQuery, u.Fragment = query.Encode(), ""
	return u.String()
}

// harmless are the parameters of a Postgres URL that are shown; others may hold a password.
var harmless = map[string]bool{
	"sslmode": true, "connect_timeout": true, "application_name": true, "target_session_attrs": true, "search_path": true,
	"host": true, "port": true, "dbname": true, "user": true, "sslrootcert": true, "sslcert": true, "sslkey": true,
}
