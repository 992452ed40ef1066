package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// serviceLink matches the variables that Kubernetes sets for a Service named lockstep or lockstep-something.
var serviceLink = regexp.MustCompile(`_SERVICE_(HOST|PORT)(_|$)|_PORT(_[0-9]+_(TCP|UDP|SCTP)|$)`)

// Variables that choose the Postgres which the developers' tools start.
const (
	PostgresMajor      = prefix + "POSTGRES_MAJOR"
	PostgresBin        = prefix + "POSTGRES_BIN"
	PostgresRepository = prefix + "POSTGRES_REPOSITORY"
)

// Variables of `lockstep dev` that are no setting of the server.
const (
	DevIssuerAddr   = prefix + "DEV_ISSUER_ADDR"
	DevDatabasePort = prefix + "DEV_DB_PORT"
	DevDatabase     = prefix + "DEV_DATABASE"
	WebPort         = prefix + "WEB_PORT"
)

// neighbours are variables of the other programs of this repository, or beginnings of their names. They often share an environment
// with the server: a developer's shell, a job of CI, the front end's settings. LOCKSTEP_OIDC_ISSUER, which the front end reads, is not
// among them: for the server it is LOCKSTEP_OIDC_ISSUERS with a letter missing.
var neighbours = []string{
	PostgresMajor, PostgresBin, PostgresRepository, DevIssuerAddr, DevDatabasePort, DevDatabase,
	prefix + "SCRATCH_URL", prefix + "API_URL", prefix + "OIDC_CLIENT_ID", prefix + "OIDC_CLIENT_SECRET", prefix + "OIDC_SCOPE",
	prefix + "WEB_", prefix + "E2E_", prefix + "TEST_",
}

// ofNeighbour says whether a variable is one of another program.
func ofNeighbour(name string) bool {
	return slices.ContainsFunc(neighbours, func(other string) bool {
		return name == other || strings.HasSuffix(other, "_") && strings.HasPrefix(name, other)
	})
}

// similar is the most letters a mistyped name has wrong.
const similar = 3

// Unknown describes every variable of env that looks like a setting and is none, as a typing mistake does: a sentence each.
func Unknown(env Environment, known ...Settings) []string {
	names := map[string]bool{}
	for _, setting := range slices.Concat(known...) {
		names[setting.Variable()] = true
		if setting.Secret {
			names[setting.FileVariable()] = true
		}
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(name, prefix) || names[name] || ofNeighbour(name) || serviceLink.MatchString(name) {
			continue
		}
		sentence := name + " is no setting of the server and has no effect"
		if plain, isFile := strings.CutSuffix(name, "_FILE"); isFile && names[plain] {
			sentence += fmt.Sprintf(": only secrets can be in files, set %s", plain)
		} else if near := nearest(name, names); near != "" {
			sentence += fmt.Sprintf(": is %s meant?", near)
		}
		unknown = append(unknown, sentence)
	}
	return unknown
}

// nearest returns the name that differs least, or empty when all differ by more than a typing mistake.
func nearest(name string, names map[string]bool) string {
	best, near := similar+1, ""
	for _, candidate := range slices.Sorted(maps.Keys(names)) {
		if d := levenshtein.Distance(name, candidate, nil); d < best {
			best, near = d, candidate
		}
	}
	return near
}
