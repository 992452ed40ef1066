package devdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// install makes a folder with programs that only tell their version, as `postgres --version` prints it.
func install(t *testing.T, build string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", build)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWish(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"": "0", "18": "18", "14": "14",
		"13": "is \"13\"", "18.3": "give a major version", "newest": "such as 15", "-1": "14 or newer", "150018": "give a major",
	} {
		w, err := wished(func(name string) string { return map[string]string{majorVariable: value}[name] })
		if got := fmt.Sprint(w.major, err); !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

// Which of several installed builds is taken, and what is refused.
func TestFind(t *testing.T) {
	t.Parallel()
	old, debian, project, newer := install(t, "13.9"), install(t, "15.18 (Debian 15.18-0+deb12u1)"), install(t, "15.19"), install(t, "18.6")
	all := []string{old, newer, debian, project}
	cache := t.TempDir()
	if err := os.MkdirAll(filepath.Join(cache, "postgres-18.3.0"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(install(t, "18.3"), filepath.Join(cache, "postgres-18.3.0", "bin")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		wish wish
		data origin
		dirs []string
		want string // the build, or a part of the error
	}{
		{"the first that is new enough", wish{}, origin{}, all, "18.6"},
		{"the major that is asked for", wish{major: 15}, origin{}, all, "15.18 (Debian 15.18-0+deb12u1)"},
		{"the major that is asked for, fetched before", wish{major: 18}, origin{}, []string{debian}, "18.3"},
		{"the major that made the data", wish{}, origin{major: 15}, all, "15.18 (Debian 15.18-0+deb12u1)"},
		{"the build that made the data", wish{}, origin{major: 15, Made: "15.19", Opened: "15.18 (Debian 15.18-0+deb12u1)"}, all, "15.19"},
		{"the build that had the data last", wish{}, origin{major: 15, Made: "15.2", Opened: "15.19"}, all, "15.19"},
		{"the fetched build that had the data last", wish{}, origin{major: 18, Opened: "18.3"}, all, "18.3"},
		{"another build where that one is gone", wish{}, origin{major: 18, Opened: "18.2"}, all, "18.6"},
		{"a folder", wish{dir: project}, origin{}, []string{project}, "15.19"},
		{"a folder, though another build had the data", wish{dir: project}, origin{major: 15, Opened: "15.18"}, []string{project}, "15.19"},
		{"a major that another made the data by", wish{major: 18}, origin{major: 15, Made: "15.19", dir: "/kept/data"}, all,
			"the data in /kept/data was made by Postgres 15.19 and LOCKSTEP_POSTGRES_MAJOR chooses 18: a major version cannot open the data of another. Unset LOCKSTEP_POSTGRES_MAJOR to go on with this data, or remove /kept to start"},
		{"a folder of another major than the data's", wish{dir: newer}, origin{major: 15}, []string{newer}, "was made by Postgres 15 and LOCKSTEP_POSTGRES_BIN chooses 18.6"},
		{"a folder of another major than is asked for", wish{dir: newer, major: 15}, origin{}, []string{newer}, "is version 18.6, LOCKSTEP_POSTGRES_MAJOR asks for 15"},
		{"a folder that is too old", wish{dir: old}, origin{}, []string{old}, "too old"},
		{"an empty folder", wish{dir: cache}, origin{}, []string{cache}, "no runnable initdb"},
		{"a major that nobody has", wish{major: 77}, origin{}, all, "no binaries of that version are published"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, err := search{test.wish, test.data, account{}, test.dirs, cache, newProgress(t.Output())}.find(t.Context())
			if err != nil {
				if !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNoPostgres) == strings.Contains(test.want, " chooses ") {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			if b.build != test.want {
				t.Errorf("got %s, want %s", b.build, test.want)
			}
		})
	}
}
