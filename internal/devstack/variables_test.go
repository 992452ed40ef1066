package devstack

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/devdb"
)

// The server gets the environment of `lockstep dev`, and does not take what that one reads for mistyped settings.
func TestServerKnowsTheVariablesOfDev(t *testing.T) {
	t.Parallel()
	env := config.Environment{}
	for _, v := range Variables() {
		env[v.Name] = "x"
	}
	for _, v := range devdb.Variables() {
		env[v.Name] = "x"
	}
	if len(env) < 8 {
		t.Fatalf("got %v, want the variables of the stack and of Postgres", env)
	}
	for _, said := range config.Unknown(env, new(config.Config).Settings(), new(config.Migration).Settings()) {
		t.Error(said)
	}
}
