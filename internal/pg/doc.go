// Package pg is the database access of the server: a pgx pool and, on it, an Ent dialect.Driver
// that binds every statement to the tenant of its context.
//
// Row-level security reads the transaction-local settings app.tenant_id and app.platform. The driver puts
// both in front of each statement, in the same pipeline: the server runs a pipeline up to its Sync as one
// implicit transaction (PostgreSQL manual, 55.2.4 "Pipelining"), so the settings cover exactly that
// statement, are gone before the connection is used again, and cost no round trip of their own. A statement
// whose context carries no Scope is refused before it reaches the server.
package pg
