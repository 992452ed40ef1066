// Package lockstep is the root of the template; its only content is the list of what is generated, in order. Run it with
// `make generate`. It lies outside ent/, because a package that is being generated cannot be the one that is compiled to
// generate it.
package lockstep

//go:generate go run ./cmd/lockstep generate orm
//go:generate go run ./cmd/lockstep generate ddl
//go:generate go run ./cmd/lockstep generate contract
//go:generate go run ./cmd/lockstep generate handlers
//go:generate go run ./cmd/lockstep generate crud
//go:generate go run ./cmd/lockstep generate permissions
//go:generate go run ./cmd/lockstep generate problems
//go:generate go run ./cmd/lockstep generate sdk
