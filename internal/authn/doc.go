// Package authn turns a bearer token into the principal behind it, and asks what a principal may do.
//
// Tokens are JWTs of any OpenID Connect issuer (OpenID Connect Discovery 1.0, RFC 7519, RFC 8725). An
// issuer that is down refuses new tokens only while its keys are not yet known.
package authn
