package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// prefix begins the names of all variables.
const prefix = "LOCKSTEP_"

// Setting is one thing that can be set: by the flag --addr, or the variable LOCKSTEP_ADDR. A secret has no flag, because
// command lines are shown to everybody on the machine; it may be in a file instead, named by --database-url-file or
// LOCKSTEP_DATABASE_URL_FILE.
type Setting struct {
	// Group is the heading under which --help shows this setting and those after it.
	Group string
	// Name is in words with dashes: database-max-conns.
	Name string
	// Flag is the flag's name where it is not Name.
	Flag string
	// Standard is the variable's name where a standard gives it. The default is from Name.
	Standard string
	// Default is the value when none is given; empty: one must be given. "none" is a text without content.
	Default string
	// Help says what the setting is for.
	Help string
	// Secret values are not shown.
	Secret bool
	// Value is the field that is set.
	Value Value
	// Check, if any, is asked once Value is set. Its error must not quote a secret.
	Check func() error

	flag, flagFile pflagValue // as on the command line
	shown, source  string
}

// Settings is a list of settings.
type Settings []*Setting

// Get returns the setting with this name, which must exist.
func (s Settings) Get(name string) *Setting {
	for _, setting := range s {
		if setting.Name == name {
			return setting
		}
	}
	panic("config: no setting " + name)
}

// Only returns the settings with these names.
func (s Settings) Only(names ...string) Settings {
	var out Settings
	for _, name := range names {
		out = append(out, s.Get(name))
	}
	return out
}

// Variable is the name of the environment variable.
func (s *Setting) Variable() string {
	if s.Standard != "" {
		return s.Standard
	}
	return prefix + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// FileVariable is the name of the variable that names a file with the value, or empty when the value is no secret.
func (s *Setting) FileVariable() string {
	if !s.Secret {
		return ""
	}
	return s.Variable() + "_FILE"
}

// FlagName is the name of the flag, without dashes in front. A secret's takes the path of a file.
func (s *Setting) FlagName() string {
	name := s.Flag
	if name == "" {
		name = s.Name
	}
	if s.Secret {
		name += "-file"
	}
	return name
}

// Shown is the value that was read, as it may be shown: without passwords.
func (s *Setting) Shown() string { return s.shown }

// Source says where the value is from.
func (s *Setting) Source() string { return s.source }

// derive replaces the default by another setting's value.
func (s *Setting) derive(value, source string) {
	s.shown, s.source = mask(value, s.Secret), source
}

// AddFlags defines a flag for each setting. Reading afterwards prefers what they were given.
func (s Settings) AddFlags(flags *pflag.FlagSet) {
	for _, setting := range s {
		value, help := &setting.flag, setting.Help
		value.kind, value.text = setting.Value.Kind(), setting.Default
		if setting.Secret {
			value = &setting.flagFile
			value.kind = "path"
			help = "file that holds the " + help
		}
		flag := flags.VarPF(value, setting.FlagName(), "", help+" ["+strings.TrimSuffix(setting.Variable()+"; or "+setting.FileVariable(), "; or ")+"]")
		if value.kind == booleanKind {
			flag.NoOptDefVal = "true" // --database-pgbouncer is enough
		}
	}
}

// pflagValue keeps what the command line says until all settings are read, so that one mistake does not hide the next.
type pflagValue struct {
	kind, text string
	given      bool
}

func (v *pflagValue) String() string { return v.text }
func (v *pflagValue) Type() string   { return v.kind }
func (v *pflagValue) Set(text string) error {
	v.text, v.given = text, true
	return nil
}
