package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// repositoryRoot is the folder of go.mod, found upwards from the working directory.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find working directory: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod here or above: run lockstep inside a checkout of the project")
		}
		dir = parent
	}
}
