package devissuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"
)

// newKey returns a private key named by its thumbprint (RFC 7638).
func newKey(alg jose.SignatureAlgorithm) (jose.JSONWebKey, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("algorithm %q is not supported: use ES256, RS256 or EdDSA", alg)
	}
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("make signing key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(alg), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("name signing key: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, nil
}

// loadKeys returns the keys of the file, which it creates if it is not there; without a file, a new key.
func loadKeys(file string, alg jose.SignatureAlgorithm) ([]jose.JSONWebKey, error) {
	if file == "" {
		key, err := newKey(alg)
		return []jose.JSONWebKey{key}, err
	}
	keys, err := readKeys(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	key, err := newKey(alg)
	if err != nil {
		return nil, err
	}
	if err := createKeys(file, []jose.JSONWebKey{key}); err != nil {
		return nil, err
	}
	// Another process may have been first: what counts is what is in the file.
	return readKeys(file)
}

func readKeys(file string) ([]jose.JSONWebKey, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read signing key: others can read %s: chmod 600 it, or remove it for a new one", file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(data, &set); err != nil || len(set.Keys) == 0 {
		return nil, fmt.Errorf("read signing key: %s holds none: remove it for a new one", file)
	}
	for _, k := range set.Keys {
		if !k.Valid() || k.IsPublic() {
			return nil, fmt.Errorf("read signing key: %s is damaged: remove it for a new one", file)
		}
	}
	return set.Keys, nil
}

// createKeys writes the file unless it exists; a process killed on the way leaves none.
func createKeys(file string, keys []jose.JSONWebKey) error {
	temporary, err := writeTemporary(file, keys)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary) }()
	if err := os.Link(temporary, file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write signing key: %w", err)
	}
	return nil
}

func replaceKeys(file string, keys []jose.JSONWebKey) error {
	temporary, err := writeTemporary(file, keys)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, file); err != nil {
		_ = os.Remove(temporary)
		return fmt.Errorf("write signing key: %w", err)
	}
	return nil
}

// writeTemporary writes keys beside file with mode 0600, down to the disk.
func writeTemporary(file string, keys []jose.JSONWebKey) (name string, err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("write signing key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return "", fmt.Errorf("write signing key: %w", err)
	}
	err = json.NewEncoder(f).Encode(jose.JSONWebKeySet{Keys: keys})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("write signing key: %w", err)
	}
	return f.Name(), nil
}
