// Package devissuer is a small OpenID Connect issuer for development and tests: it signs any token it is
// asked for, and signs people in without a password, by authorization code and PKCE. It serves on loopback addresses only and is never part of the production binary.
package devissuer
