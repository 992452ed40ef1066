package idempotency

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

// maxScope is the most characters of the column scope.
const maxScope = 400

// scopesOf keeps the keys of different callers and operations apart. The first scope is the caller's by its identity. Releases
// before 2.0 named a service by its subject alone: where that can be nobody else's, the key is stored and looked for under
// that scope too, so that servers of both releases, side by side during an update, do nothing twice. It can be dropped a
// day after no server of such a release runs.
func scopesOf(ctx context.Context, operation string) []string {
	principal, ok := authn.From(ctx)
	if !ok {
		return []string{operation}
	}
	scopes := []string{operation + " " + principal.Identity()}
	if !principal.IsService() || !principal.SoleIssuer() || principal.Subject == "" {
		return scopes
	}
	before := operation + " service " + principal.Subject
	if utf8.RuneCountInString(before) > maxScope || !utf8.ValidString(before) || strings.ContainsRune(before, 0) {
		return scopes // no such release could store it
	}
	return append(scopes, before)
}
