package pg_test

import (
	"os"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
