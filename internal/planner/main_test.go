package planner

import (
	"os"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		os.Exit(runVictim(dir))
	}
	os.Exit(dbtest.Main(m))
}
