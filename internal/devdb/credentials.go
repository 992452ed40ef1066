package devdb

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockstep-dev/lockstep/internal/atomicfile"
)

const (
	adminRole = "postgres"
	ownerRole = "core_owner"
	appRole   = "core_app"
)

const credentialsName = "credentials.json"

// newPrefix starts the names of files that are being written.
const newPrefix = ".new-"

// credentials are the passwords of a cluster's roles. They are made once and never change: the cluster holds their
// SCRAM verifiers.
type credentials struct {
	Admin string `json:"admin"`
	Owner string `json:"owner"`
	App   string `json:"app"`
}

// loadCredentials reads the folder's passwords, or makes them when the folder has no cluster yet.
func loadCredentials(dir string) (credentials, error) {
	path := filepath.Join(dir, credentialsName)
	var c credentials
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(raw, &c); err != nil {
			return c, fmt.Errorf("read %s: %w", path, err)
		}
		return c, nil
	case !errors.Is(err, fs.ErrNotExist):
		return c, fmt.Errorf("read the cluster's passwords: %w", err)
	case dataMajor(filepath.Join(dir, "data")) != 0:
		return c, fmt.Errorf("the passwords of the cluster in %s are gone (%s): restore that file, or remove the folder to start with an empty database", dir, credentialsName)
	}
	c = credentials{Admin: rand.Text(), Owner: rand.Text(), App: rand.Text()}
	raw, err = json.Marshal(c)
	if err != nil {
		return c, fmt.Errorf("write the cluster's passwords: %w", err)
	}
	if err := atomicfile.WriteDurably(path, raw, 0o600, newPrefix+"*"); err != nil {
		return c, fmt.Errorf("write the cluster's passwords: %w", err)
	}
	return c, nil
}
