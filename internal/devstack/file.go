package devstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockstep-dev/lockstep/internal/atomicfile"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/devseed"
)

// File is what .lockstep/dev.json says while the stack is ready, for tools and tests.
type File struct {
	API         string `json:"api"`
	Docs        string `json:"docs"`
	Issuer      string `json:"issuer"`
	DatabaseURL string `json:"databaseUrl"` // as the owner, who sees every tenant's rows
	Web         string `json:"web,omitempty"`
	// SessionSecret is for a front end that is started by other means.
	SessionSecret string `json:"sessionSecret"`
	// Tokens has an administrator and an ordinary user of each tenant; the first is an administrator's.
	Tokens []Token `json:"tokens"`
	// PlatformToken acts on tenants, not inside one.
	PlatformToken string `json:"platformToken"`
}

// Token is a bearer token and whose it is.
type Token struct {
	Tenant string `json:"tenant"` // slug
	Role   string `json:"role"`   // administrator or member
	UserID string `json:"userId"`
	Token  string `json:"token"`
}

func filePath(dir string) string { return filepath.Join(dir, "dev.json") }

// removeFile takes back what dev.json promised.
func removeFile(dir string) error {
	if err := os.Remove(filePath(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", filePath(dir), err)
	}
	return nil
}

// write puts the file in place whole, readable by the developer only: tokens and a password are in it.
func (f File) write(dir string) error {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", filePath(dir), err)
	}
	return atomicfile.Write(filePath(dir), append(content, '\n'), 0o600, "dev.json.*")
}

// publish writes the file and prints how to use the stack.
func (s *stack) publish() error {
	secret, err := s.sessionSecret()
	if err != nil {
		return err
	}
	f := File{
		API:         s.api,
		Docs:        s.api + "/docs",
		Issuer:      s.issuer.URL(),
		DatabaseURL: s.cluster.OwnerURL(s.Database),
		Web:         s.webURL,
		Tokens:      []Token{},

		SessionSecret: secret,
	}
	for _, a := range s.accounts {
		token, err := s.token(a)
		if err != nil {
			return err
		}
		f.Tokens = append(f.Tokens, Token{Tenant: a.Tenant, Role: a.Role, UserID: a.UserID.String(), Token: token})
	}
	f.PlatformToken, err = s.issuer.Token(devissuer.TokenRequest{ClientID: "lockstep-dev", Scopes: []string{"platform"}, Lifetime: lifetime})
	if err != nil {
		return fmt.Errorf("make the platform's token: %w", err)
	}
	if err := f.write(s.Dir); err != nil {
		return err
	}
	s.report.ready(f, s.accounts, s.shown("dev.json"))
	return nil
}

// token is a bearer token of a person.
func (s *stack) token(a devseed.Account) (string, error) {
	token, err := s.issuer.Token(devissuer.TokenRequest{TenantID: a.TenantID, UserID: a.UserID, Lifetime: lifetime})
	if err != nil {
		return "", fmt.Errorf("make a token for %s: %w", a.Name, err)
	}
	return token, nil
}
