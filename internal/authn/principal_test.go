package authn_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

func TestPrincipalOfContext(t *testing.T) {
	t.Parallel()
	if p, ok := authn.From(t.Context()); ok {
		t.Errorf("got %v, want none", p)
	}
	if _, ok := authn.From(authn.With(t.Context(), nil)); ok {
		t.Error("nil principal: got ok, want none")
	}
	want := &authn.Principal{UserID: someUser}
	if p, ok := authn.From(authn.With(t.Context(), want)); !ok || p != want {
		t.Errorf("got %v, want %v", p, want)
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	ctx := authn.With(t.Context(), &authn.Principal{Permissions: []string{"users:read"}, Scopes: []string{"users:write"}})
	if err := authn.Require(ctx, "users:read"); err != nil {
		t.Errorf("held: got %v, want nil", err)
	}
	var missing *authn.PermissionError
	if err := authn.Require(ctx, "users:write"); !errors.As(err, &missing) || missing.Permission != "users:write" {
		t.Errorf("only a scope: got %v, want a PermissionError for users:write", err)
	}
	if err := authn.Require(t.Context(), "users:read"); !errors.As(err, &missing) {
		t.Errorf("nobody: got %v, want a PermissionError", err)
	}
}

func TestPrincipalInLogs(t *testing.T) {
	t.Parallel()
	log := func(p *authn.Principal) string {
		var b strings.Builder
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "principal", p)
		return b.String()
	}
	user := log(&authn.Principal{TenantID: someTenant, UserID: someUser, Subject: "zoe@example.com", Permissions: []string{"users:read"}})
	for _, want := range []string{someTenant.String(), someUser.String(), "users:read"} {
		if !strings.Contains(user, want) {
			t.Errorf("got %q, want it to contain %q", user, want)
		}
	}
	if strings.Contains(user, "zoe") {
		t.Errorf("the log names the person: %q", user)
	}
	if service := log(&authn.Principal{TenantID: someTenant, Subject: "importer"}); !strings.Contains(service, "principal.service=importer") {
		t.Errorf("got %q, want the service's name", service)
	}
	if nobody := log(nil); strings.Contains(nobody, "panic") {
		t.Errorf("got %q", nobody)
	}
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Bearer a.b.c": "a.b.c", "bearer a.b.c": "a.b.c", "Bearer  a": "a",
		"": "", "Bearer": "", "Bearer ": "", "Basic dTpw": "", "a.b.c": "",
	} {
		got, err := authn.BearerToken(header)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q and %v, want %q", header, got, err, want)
		}
	}
}

func TestWWWAuthenticate(t *testing.T) {
	t.Parallel()
	if got, want := authn.ErrNoToken.WWWAuthenticate(), "Bearer"; got != want {
		t.Errorf("no token: got %q, want %q", got, want)
	}
	refused := &authn.TokenError{Reason: "a \"bad\" \\ \r\nclaim é"}
	if got, want := refused.WWWAuthenticate(), `Bearer error="invalid_token", error_description="a ?bad? ? ??claim ?"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
