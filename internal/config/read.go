package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Environment is the variables of a process.
type Environment map[string]string

// ParseEnvironment takes what os.Environ returns.
func ParseEnvironment(environ []string) Environment {
	env := make(Environment, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// Read sets every field: from its flag if that was given, else from its variable, else from its default. An empty variable
// counts as not set. The error names every mistake, a sentence on a line each; the other fields are set nevertheless.
func (s Settings) Read(env Environment) error {
	var mistakes []error
	for _, setting := range s {
		if err := setting.read(env); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return errors.Join(mistakes...)
}

func (s *Setting) read(env Environment) error {
	given, source, err := s.lookup(env)
	s.shown, s.source = mask(given, s.Secret), source
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	if given == "" {
		s.source = "not set"
		or := ""
		if s.Secret {
			or = fmt.Sprintf(" (or %s to a file that holds it)", s.FileVariable())
		}
		return fmt.Errorf("%s is required: set it to the %s%s", s.Variable(), s.Help, or)
	}
	if err := s.Value.Set(given); err != nil {
		return s.mistake(given, err)
	}
	if s.Check != nil {
		if err := s.Check(); err != nil {
			return s.mistake(given, err)
		}
	}
	return nil
}

// mistake says what is wrong with a value, and quotes it unless it is a secret.
func (s *Setting) mistake(given string, err error) error {
	if s.Secret {
		return fmt.Errorf("%s: %w", s.source, err)
	}
	return errors.New(mask(fmt.Sprintf("%s is %q: %v", s.source, given, err), false))
}

// lookup returns the value and where it is from.
func (s *Setting) lookup(env Environment) (given, source string, err error) {
	switch {
	case s.flagFile.given:
		source = "--" + s.FlagName()
		given, err = readFile(s.flagFile.text)
		return given, source + " " + s.flagFile.text, err
	case s.flag.given:
		return s.flag.text, "--" + s.FlagName(), nil
	}
	path := ""
	if s.Secret {
		path = env[s.FileVariable()]
	}
	inline := env[s.Variable()]
	switch {
	case path != "" && inline != "":
		return "", s.Variable(), fmt.Errorf("%s is set too: keep one of the two", s.FileVariable())
	case path != "":
		given, err = readFile(path)
		return given, s.FileVariable() + "=" + path, err
	case inline != "":
		return inline, s.Variable(), nil
	}
	return s.Default, "default", nil
}

// readFile returns a file's content without the line end.
func readFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", errors.Unwrap(err))
	}
	content := strings.TrimRight(string(data), "\r\n")
	if content == "" {
		return "", errors.New("the file is empty")
	}
	return content, nil
}
