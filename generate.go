// Package lockstep is the root of the template; its only content is how everything is generated. Run it with `make generate`. It
// lies outside ent/, because a package that is being generated cannot be the one that is compiled to generate it.
package lockstep

//go:generate go run ./cmd/lockstep generate
