package devdb

import (
	"fmt"
	"strconv"

	"github.com/lockstep-dev/lockstep/internal/config"
)

// Variables that choose a Postgres, for everything that starts one: the stack, tests, benchmarks and tools.
const (
	// majorVariable chooses the major version.
	majorVariable = config.PostgresMajor
	// binDirVariable names a folder with postgres and initdb to use instead of looking for one.
	binDirVariable = config.PostgresBin
	// repositoryVariable names a mirror of the Maven repository the binaries come from.
	repositoryVariable = config.PostgresRepository
)

// Variable is an environment variable that this package reads.
type Variable struct{ Name, Default, Help string }

// Variables lists what can be set, for --help.
func Variables() []Variable {
	return []Variable{
		{majorVariable, fmt.Sprintf("the installed one, else %d", fetchedMajor), fmt.Sprintf("major version of Postgres for dev, tests and tools, %d or newer: an installed one, or it is fetched", oldestMajor)},
		{binDirVariable, "looked for", "folder with postgres and initdb, where it is to be just this build"},
		{repositoryVariable, "repo1.maven.org", "mirror of the Maven repository to fetch Postgres from"},
	}
}

// wish is what the environment asks for.
type wish struct {
	major int    // 0: any
	dir   string // of the programs, empty: any
}

// wished reads the environment.
func wished(getenv func(string) string) (wish, error) {
	w := wish{dir: getenv(binDirVariable)}
	text := getenv(majorVariable)
	if text == "" {
		return w, nil
	}
	major, err := strconv.Atoi(text)
	if err != nil || major < oldestMajor || major > 99 {
		return w, fmt.Errorf("%s is %q: give a major version, %d or newer, such as %d; a certain build is chosen by %s", majorVariable, text, oldestMajor, fetchedMajor, binDirVariable)
	}
	w.major = major
	return w, nil
}

// agrees refuses a wish that data cannot be opened by.
func (w wish) agrees(data origin) error {
	if w.major == 0 || data.major == 0 || w.major == data.major {
		return nil
	}
	return data.refuse(majorVariable, strconv.Itoa(w.major))
}
