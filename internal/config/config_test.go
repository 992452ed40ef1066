package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// required is the least that must be set.
var required = Environment{"LOCKSTEP_DATABASE_URL": "postgres://one", "LOCKSTEP_OIDC_ISSUERS": "https://issuer.example"}

// read reads args and env, on top of what is required unless env sets that.
func read(t *testing.T, args []string, env Environment) (Config, Settings, error) {
	t.Helper()
	all := Environment{}
	for name, value := range required {
		if env[name+"_FILE"] == "" {
			all[name] = value
		}
	}
	for name, value := range env {
		all[name] = value
	}
	var c Config
	settings := c.Settings()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	settings.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	err := settings.Read(all)
	c.Complete(settings)
	return c, settings, err
}

// secretFile returns the path of a file with this content.
func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagBeforeVariableBeforeDefault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, setting, shown, source string
		args                         []string
		env                          Environment
	}{
		{"default", "database-max-conns", "10", "default", nil, nil},
		{"an empty variable", "database-max-conns", "10", "default", nil, Environment{"LOCKSTEP_DATABASE_MAX_CONNS": ""}},
		{"variable", "database-max-conns", "20", "LOCKSTEP_DATABASE_MAX_CONNS", nil, Environment{"LOCKSTEP_DATABASE_MAX_CONNS": "20"}},
		{"flag", "database-max-conns", "30", "--database-max-conns", []string{"--database-max-conns=30"}, Environment{"LOCKSTEP_DATABASE_MAX_CONNS": "20"}},
		{"flag without value", "database-pgbouncer", "true", "--database-pgbouncer", []string{"--database-pgbouncer"}, nil},
		{"derived", "database-listen-url", "postgres://one", "the same as LOCKSTEP_DATABASE_URL", nil, nil},
		{"not derived", "database-listen-url", "none", "default", []string{"--database-pgbouncer"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, settings, err := read(t, test.args, test.env)
			if err != nil {
				t.Fatal(err)
			}
			if s := settings.Get(test.setting); s.Shown() != test.shown || s.Source() != test.source {
				t.Errorf("got %q from %q, want %q from %q", s.Shown(), s.Source(), test.shown, test.source)
			}
		})
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	c, _, err := read(t, []string{"--shutdown-timeout", "1m", "--max-body=7"}, Environment{
		"LOCKSTEP_DATABASE_LISTEN_URL": "postgres://two", "LOCKSTEP_CORS_ORIGINS": "https://a.example, https://b.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.ListenURL != "postgres://two" || c.DatabaseURL != "postgres://one" || c.ShutdownTimeout != time.Minute || c.MaxBody != 7 || c.Addr != "127.0.0.1:8080" {
		t.Errorf("got %+v", c)
	}
	if len(c.Origins) != 2 || c.Origins[1] != "https://b.example" {
		t.Errorf("got origins %q, want both, without the space", c.Origins)
	}
	if c, _, _ := read(t, nil, nil); c.ListenURL != "postgres://one" || c.Origins != nil {
		t.Errorf("by default: got listen URL %q and origins %q, want the database's and none", c.ListenURL, c.Origins)
	}
	if c, _, _ := read(t, nil, Environment{"LOCKSTEP_DATABASE_PGBOUNCER": "true"}); c.ListenURL != "" {
		t.Errorf("behind a pooler: got listen URL %q, want none", c.ListenURL)
	}
}

// TestBytesInFlight has limits that a single body, or answer, would be over.
func TestBytesInFlight(t *testing.T) {
	t.Parallel()
	c, _, err := read(t, nil, nil)
	if err != nil || c.Bodies != (InFlight{64 << 20, 8 << 20}) || c.Answers != (InFlight{64 << 20, 16 << 20}) || c.SlowWindow != 5*time.Second {
		t.Errorf("got %+v, %+v, %s and %v, want the defaults", c.Bodies, c.Answers, c.SlowWindow, err)
	}
	for name, args := range map[string][]string{
		"LOCKSTEP_BODIES_IN_FLIGHT_PRINCIPAL must be at least":  {"--max-body=8388609"},
		"LOCKSTEP_BODIES_IN_FLIGHT_PRINCIPAL must":              {"--bodies-in-flight=16777215"},
		"LOCKSTEP_ANSWERS_IN_FLIGHT_PRINCIPAL must be at least": {"--answers-in-flight-principal=4194303"},
		"LOCKSTEP_ANSWERS_IN_FLIGHT_PRINCIPAL must":             {"--answers-in-flight=33554431"},
	} {
		if _, _, err := read(t, args, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: got %v, want a sentence with %q", args, err, name)
		}
	}
	if _, _, err := read(t, []string{"--max-body=8388608", "--bodies-in-flight=16777216"}, nil); err != nil {
		t.Errorf("got %v for limits that one body fits", err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	path := secretFile(t, "postgres://from/file\r\n")
	for name, given := range map[string]struct {
		args []string
		env  Environment
	}{
		"variable": {nil, Environment{"LOCKSTEP_DATABASE_URL_FILE": path}},
		"flag":     {[]string{"--database-url-file", path}, Environment{"LOCKSTEP_DATABASE_URL_FILE": "/nowhere"}},
	} {
		c, settings, err := read(t, given.args, given.env)
		if err != nil || c.DatabaseURL != "postgres://from/file" {
			t.Errorf("%s: got %q, %v; want the file's content without its line end", name, c.DatabaseURL, err)
		}
		if source := settings.Get("database-url").Source(); !strings.HasSuffix(source, path) {
			t.Errorf("%s: got source %q, want the file named", name, source)
		}
	}
	for name, given := range map[string]struct {
		env  Environment
		says string
	}{
		"no file":    {Environment{"LOCKSTEP_DATABASE_URL_FILE": path + "x"}, "LOCKSTEP_DATABASE_URL_FILE=" + path + "x: cannot be read: no such file"},
		"empty file": {Environment{"LOCKSTEP_DATABASE_URL_FILE": secretFile(t, "\n")}, "the file is empty"},
		"both":       {Environment{"LOCKSTEP_MIGRATE_DATABASE_URL": "x", "LOCKSTEP_MIGRATE_DATABASE_URL_FILE": path}, "LOCKSTEP_MIGRATE_DATABASE_URL: LOCKSTEP_MIGRATE_DATABASE_URL_FILE is set too"},
		"neither":    {nil, "LOCKSTEP_MIGRATE_DATABASE_URL is required"},
	} {
		var m Migration
		settings := append(new(Config).Settings().Only("database-url"), m.Settings()...)
		if err := settings.Read(given.env); err == nil || !strings.Contains(err.Error(), given.says) {
			t.Errorf("%s: got %v, want %q in it", name, err, given.says)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	env := Environment{
		"LOCKSTEP_ADDR": "localhost", "LOCKSTEP_ADMIN_ADDR": "localhost:99999", "LOCKSTEP_REQUEST_TIMEOUT": "30", "LOCKSTEP_SHUTDOWN_DELAY": "-1s",
		"LOCKSTEP_MAX_BODY": "1MB", "LOCKSTEP_DATABASE_PGBOUNCER": "maybe", "LOCKSTEP_LOG_LEVEL": "loud",
	}
	c := Config{}
	settings := c.Settings()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	settings.AddFlags(flags)
	if err := flags.Parse([]string{"--database-max-conns=1001", "--shutdown-timeout=0s"}); err != nil {
		t.Fatal(err)
	}
	err := settings.Read(env)
	if err == nil {
		t.Fatal("got no mistakes")
	}
	want := strings.Join([]string{
		`LOCKSTEP_ADDR is "localhost": give host:port, such as 0.0.0.0:8080`,
		`LOCKSTEP_ADMIN_ADDR is "localhost:99999": give host:port, such as 0.0.0.0:8080`,
		`LOCKSTEP_REQUEST_TIMEOUT is "30": give a duration with its unit, such as 500ms, 20s or 1m`,
		`LOCKSTEP_MAX_BODY is "1MB": give a whole number (bytes) from 1 to 1073741824`,
		`LOCKSTEP_SHUTDOWN_DELAY is "-1s": give a duration of at least 0s`,
		`--shutdown-timeout is "0s": give a duration of at least 1ms`,
		`LOCKSTEP_DATABASE_URL is required: set it to the Postgres URL of the role core_app (or LOCKSTEP_DATABASE_URL_FILE to a file that holds it)`,
		`--database-max-conns is "1001": give a whole number (count) from 1 to 1000`,
		`LOCKSTEP_DATABASE_PGBOUNCER is "maybe": give true or false`,
		`LOCKSTEP_OIDC_ISSUERS is required: set it to the accepted token issuers, exactly as in the claim iss; of several, each with whom it may speak for: URL any-tenant platform, URL TENANT_ID…`,
		`LOCKSTEP_LOG_LEVEL is "loud": give debug, info, warn or error`,
	}, "\n")
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(err.Error()+"\n", line+"\n") {
			t.Errorf("this mistake is not named:\n%s\ngot\n%v", line, err)
		}
	}
	if got := len(strings.Split(err.Error(), "\n")); got != 11 {
		t.Errorf("got %d lines, want one for each of 11 mistakes:\n%v", got, err)
	}
	if c.TenantClaim != "tenant_id" {
		t.Error("settings without mistakes are not read")
	}
}

// A secret that were a flag would be in the process list.
func TestSecretsAreNoFlags(t *testing.T) {
	t.Parallel()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	all := append(new(Config).Settings(), new(Migration).Settings()...)
	all.AddFlags(flags)
	secrets := 0
	for _, s := range all {
		if s.Secret {
			secrets++
			if flags.Lookup(s.Name) != nil || flags.Lookup(s.Name+"-file") == nil {
				t.Errorf("%s: want a flag for its file and none for itself", s.Name)
			}
		} else if strings.Contains(s.Help, "assword") || strings.Contains(s.Name, "database-url") {
			t.Errorf("%s looks like a secret and is none", s.Name)
		}
	}
	if secrets < 3 {
		t.Errorf("got %d secrets, want the three database URLs at least", secrets)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value  string
		secret bool
		want   string
	}{
		{"postgres://core_app:s3cret@db.example:5432/app?sslmode=require", true, "postgres://core_app:xxxxx@db.example:5432/app?sslmode=require"},
		{"postgres://core_app@db.example/app?password=s3cret", true, "postgres://core_app@db.example/app?password=xxxxx"},
		{"postgres://u:s3cret@one:1,two:2/app", true, "postgres://u:xxxxx@one:1,two:2/app"},
		{"host=db user=core_app password=s3cret", true, "xxxxx"},
		{"postgres://core_app:s3cret%zz@db/app", true, "xxxxx"},
		{"s3cret", true, "xxxxx"},
		{"none", true, "none"},
		{"", true, ""},
		{"https://a.example,https://me:s3cret@b.example/path", false, "https://a.example,https://me:xxxxx@b.example/path"},
		{"http://:s3cret@b.example", false, "http://:xxxxx@b.example"},
		{"0.0.0.0:8080", false, "0.0.0.0:8080"},
	} {
		if got := mask(test.value, test.secret); got != test.want {
			t.Errorf("%s: got %q, want %q", test.value, got, test.want)
		}
	}
}

func TestMistakesAreMasked(t *testing.T) {
	t.Parallel()
	var field string
	settings := Settings{{Name: "endpoint", Value: address(&field)}}
	err := settings.Read(Environment{"LOCKSTEP_ENDPOINT": "https://me:s3cret@otlp.example"})
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "otlp.example") {
		t.Errorf("got %v, want the value quoted without its password", err)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	var c Config
	for name, want := range map[string]string{
		"LOCKSTEP_DATABASE_MAX_CONN":  "LOCKSTEP_DATABASE_MAX_CONN is no setting of the server and has no effect: is LOCKSTEP_DATABASE_MAX_CONNS meant?",
		"LOCKSTEP_ADDR_FILE":          "LOCKSTEP_ADDR_FILE is no setting of the server and has no effect: only secrets can be in files, set LOCKSTEP_ADDR",
		"LOCKSTEP_COLOUR":             "LOCKSTEP_COLOUR is no setting of the server and has no effect",
		"LOCKSTEP_DATABASE_URL_FILE":  "",
		"LOCKSTEP_ADDR":               "",
		"LOCKSTEP_PORT":               "", // Kubernetes' own, for a Service named lockstep
		"LOCKSTEP_PORT_8080_TCP_ADDR": "",
		"LOCKSTEP_SERVICE_PORT_HTTP":  "",
		"LOCKSTEP_CORE_SERVICE_HOST":  "",
		"OTHER_DATABASE_MAX_CONN":     "",
		"LOCKSTEP_POSTGRES_BIN":       "", // the developers' tools'
		"LOCKSTEP_POSTGRES_MAJOR":     "",
		"LOCKSTEP_SCRATCH_URL":        "",
		"LOCKSTEP_WEB_SESSION_SECRET": "", // the front end's
		"LOCKSTEP_POSTGRES_MAJR":      "LOCKSTEP_POSTGRES_MAJR is no setting of the server and has no effect",
		"LOCKSTEP_OIDC_ISSUER":        "LOCKSTEP_OIDC_ISSUER is no setting of the server and has no effect: is LOCKSTEP_OIDC_ISSUERS meant?",
	} {
		if got := strings.Join(Unknown(Environment{name: "x"}, c.Settings()), "\n"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
