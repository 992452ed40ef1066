package dbtest

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/devdb"
)

// pinned are the clusters of particular majors, each started by the first test that asks for it.
var pinned = struct {
	sync.Mutex
	clusters map[int]*once[*devdb.Cluster]
}{clusters: map[int]*once[*devdb.Cluster]{}}

// ClusterOf returns a cluster of a major version of Postgres, whatever version the others run on: Cluster's where that is it.
// Programs that are not installed are fetched.
func ClusterOf(t testing.TB, major int) *devdb.Cluster {
	t.Helper()
	if c := Cluster(t); strings.HasPrefix(c.Version(), strconv.Itoa(major)) {
		return c
	}
	pinned.Lock()
	o := pinned.clusters[major]
	if o == nil {
		o = &once[*devdb.Cluster]{}
		pinned.clusters[major] = o
	}
	pinned.Unlock()
	c, err := o.do(func() (*devdb.Cluster, error) { return start(major) })
	if err != nil {
		t.Fatalf("start a test database of version %d: %v", major, err)
	}
	return c
}

// EmptyOn returns a database like Empty's, on a cluster of a major version.
func EmptyOn(t testing.TB, major int) Database {
	t.Helper()
	c := ClusterOf(t, major)
	return named(t, c, c.CreateDatabase)
}

func pinnedClusters() []*devdb.Cluster {
	pinned.Lock()
	defer pinned.Unlock()
	var out []*devdb.Cluster
	for _, o := range pinned.clusters {
		out = append(out, o.value)
	}
	return out
}
