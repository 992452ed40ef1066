package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/config"
)

// runWith runs the command line and returns its exit code and outputs.
func runWith(t *testing.T, env config.Environment, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), args, env, &out, &errs)
	return code, out.String(), errs.String()
}

func TestConfigShowsWhatWouldBeServed(t *testing.T) {
	t.Parallel()
	env := config.Environment{
		"LOCKSTEP_DATABASE_URL": "postgres://core_app:s3cret@db.example/app", "LOCKSTEP_OIDC_ISSUERS": "https://issuer.example",
		"LOCKSTEP_LOG_LEVL": "debug",
	}
	code, text, errs := runWith(t, env, "config", "--addr=0.0.0.0:80")
	if code != 0 || errs != "" {
		t.Fatalf("got exit code %d, %s", code, errs)
	}
	for _, want := range []string{"0.0.0.0:80", "--addr", "postgres://core_app:xxxxx@db.example/app", "the same as LOCKSTEP_DATABASE_URL", "is LOCKSTEP_LOG_LEVEL meant?"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown in\n%s", want, text)
		}
	}
	code, text, _ = runWith(t, env, "config", "--json")
	var shown struct {
		Settings []struct{ Name, Value, Source string }
		Unknown  []string
	}
	if err := json.Unmarshal([]byte(text), &shown); err != nil || code != 0 {
		t.Fatalf("got exit code %d and %v for\n%s", code, err, text)
	}
	if want := len(new(config.Config).Settings()); len(shown.Settings) != want || len(shown.Unknown) != 1 || strings.Contains(text, "s3cret") {
		t.Errorf("want %d settings, 1 unknown variable and no secret in\n%s", want, text)
	}
}

func TestConfigFailsWhereServeWould(t *testing.T) {
	t.Parallel()
	env := config.Environment{
		"LOCKSTEP_DATABASE_URL": "postgres://core_app:s3cret@db.example:port/app", "LOCKSTEP_OIDC_ISSUERS": "http://issuer.example, https://fine.example",
		"LOCKSTEP_CORS_ORIGINS": "https://*.example",
	}
	for _, command := range []string{"config", "serve"} {
		code, out, errs := runWith(t, env, command, "--max-body=many")
		if code != 1 {
			t.Errorf("%s: got exit code %d, want 1", command, code)
		}
		for _, want := range []string{"LOCKSTEP_DATABASE_URL: ", `issuer "http://issuer.example": use https`, "LOCKSTEP_CORS_ORIGINS is ", `--max-body is "many"`} {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: %q is not in\n%s", command, want, errs)
			}
		}
		if strings.Contains(out+errs, "s3cret") {
			t.Errorf("%s shows the password:\n%s%s", command, out, errs)
		}
	}
}

// TestSeveralIssuersNeedTheirTenants adds an issuer to a server that has one: nobody has said yet whom each may speak for.
func TestSeveralIssuersNeedTheirTenants(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"https://a.example":                    "",
		"https://a.example, https://b.example": `issuer "https://b.example": say whom each of several issuers may speak for, after its URL: ids of tenants, or any-tenant; and platform, if for that too`,
		"https://a.example any-tenant platform, https://b.example 0190163d-8694-739b-aea5-966c26f8ad90": "",
		"https://a.example any-tenant platform, https://b.example acme":                                 `issuer "https://b.example": "acme" is neither a tenant's id (a UUID) nor any-tenant nor platform`,
		"https://a.example any-tenant 0190163d-8694-739b-aea5-966c26f8ad90":                             "",
		"https://a.example platform, https://a.example 0190163d-8694-739b-aea5-966c26f8ad90":            "list it once, with all it may speak for",
	} {
		code, _, errs := runWith(t, config.Environment{"LOCKSTEP_DATABASE_URL": "postgres://core_app@db.example/app", "LOCKSTEP_OIDC_ISSUERS": value}, "config")
		if (code != 0) != (want != "") || !strings.Contains(errs, want) {
			t.Errorf("%s: got exit code %d and %q, want %q", value, code, errs, want)
		}
	}
}

// TestHelpListsEverySetting would fail for a setting that help forgets, with its variable, its unit and its default.
func TestHelpListsEverySetting(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "config"} {
		code, help, _ := runWith(t, nil, command, "--help")
		if code != 0 {
			t.Fatalf("got exit code %d", code)
		}
		for _, s := range new(config.Config).Settings() {
			for _, want := range []string{"--" + s.FlagName(), s.Variable(), s.Value.Kind(), s.Default, s.Help} {
				if !strings.Contains(help, want) {
					t.Errorf("%s --help lacks %q of %s", command, want, s.Name)
				}
			}
		}
	}
	_, help, _ := runWith(t, nil, "migrate", "up", "--help")
	for _, s := range new(config.Migration).Settings() {
		if !strings.Contains(help, s.Variable()) || !strings.Contains(help, "--"+s.FlagName()) {
			t.Errorf("migrate --help lacks %s", s.Name)
		}
	}
}
