package devdb

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fetchFrom points the fetch at a repository of the test's own.
func fetchFrom(t *testing.T, repository http.Handler) {
	t.Helper()
	server := httptest.NewServer(repository)
	t.Cleanup(server.Close)
	t.Setenv(repositoryVariable, server.URL)
}

// found is the Postgres that tests run on.
func found(t *testing.T) binaries {
	t.Helper()
	s, err := newSearch(t.Context(), origin{}, 0, account{}, newProgress(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNoPostgresSaysWhatToInstall(t *testing.T) {
	fetchFrom(t, http.NotFoundHandler())
	var said strings.Builder
	b, err := search{dirs: []string{t.TempDir()}, cache: t.TempDir(), say: newProgress(&said)}.find(t.Context())
	if !errors.Is(err, ErrNoPostgres) {
		t.Fatalf("got %v and error %v, want ErrNoPostgres", b, err)
	}
	if !strings.Contains(said.String(), "fetching version 15") {
		t.Errorf("got %q said, want that it is fetched", said.String())
	}
	for _, want := range []string{"apt-get install postgresql-15", "brew install postgresql@15", binDirVariable, "no runnable initdb", "no version found"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

func TestDataOfAnotherVersionSaysWhichToInstall(t *testing.T) {
	fetchFrom(t, http.NotFoundHandler())
	_, err := search{data: origin{major: 17}, cache: t.TempDir(), say: newProgress(t.Output())}.find(t.Context())
	if err == nil || !strings.Contains(err.Error(), "postgresql-17") {
		t.Errorf("got %v, want an error that asks for version 17", err)
	}
}

// A repository that holds this machine's own programs in the form they are published in: a zip with a tar.xz. Those that are
// fetched run a cluster: as another account too, when the test is root's.
func TestFetchedBinaries(t *testing.T) {
	installed := found(t)
	jar := pack(t, installed)
	sum := sha256.Sum256(jar)
	var downloads int
	fetchFrom(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			_, _ = w.Write([]byte(hex.EncodeToString(sum[:])))
			return
		}
		downloads++
		_, _ = w.Write(jar)
	}))
	cache := t.TempDir()
	for range 2 {
		dir, err := fetch(t.Context(), cache, 0, newProgress(t.Output()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := inspect(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if got.version != installed.version {
			t.Errorf("fetched version %s, want %s", got.version, installed.version)
		}
	}
	if downloads != 1 {
		t.Errorf("downloaded %d times, want once", downloads)
	}
	left, err := filepath.Glob(filepath.Join(cache, "fetch-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// pack makes the published archive of an installation's programs.
func pack(t *testing.T, b binaries) []byte {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "postgres.txz")
	content := []string{"bin/initdb", "bin/postgres", "bin/pg_ctl"}
	libraries, err := filepath.Glob(filepath.Join(filepath.Dir(b.dir), "lib", "lib*.so*")) // fetched programs bring theirs along
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range libraries {
		content = append(content, "lib/"+filepath.Base(path))
	}
	cmd := exec.Command("tar", append([]string{"-cJf", archive, "-C", filepath.Dir(b.dir)}, content...)...)
	cmd.Env = append(os.Environ(), "XZ_OPT=-0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", cmd, err, out)
	}
	packed, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	f, err := z.Create("postgres-linux-x86_64.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(packed); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}
