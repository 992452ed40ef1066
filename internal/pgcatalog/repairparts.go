package pgcatalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	storageForm  = regexp.MustCompile(`(?:^| )with \((.*?)\)`)
	identityForm = regexp.MustCompile(`replica identity (nothing|full)`)
	sequenceForm = regexp.MustCompile(`^(\S+) start (\S+) increment (\S+) min (\S+) max (\S+) cache (\S+)( cycle)?(?: owned by column (\S+) of table (\S+))?$`)
)

// alterTable brings back storage options, persistence and replica identity. Partitions and inheritance it does not touch.
func alterTable(table, got, want string) []string {
	var out []string
	say := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("ALTER TABLE %s ", table)+fmt.Sprintf(format, args...))
	}
	if logged := !strings.HasPrefix(want, "unlogged"); logged == strings.HasPrefix(got, "unlogged") {
		say("SET %s", map[bool]string{true: "LOGGED", false: "UNLOGGED"}[logged])
	}
	options := func(definition string) []string {
		if m := storageForm.FindStringSubmatch(definition); m != nil {
			return strings.Split(m[1], ", ")
		}
		return nil
	}
	have, wanted := options(got), options(want)
	var reset []string
	for _, option := range have {
		key, _, _ := strings.Cut(option, "=")
		if !slices.ContainsFunc(wanted, func(o string) bool { return strings.HasPrefix(o, key+"=") }) {
			reset = append(reset, key)
		}
	}
	if len(reset) > 0 {
		say("RESET (%s)", strings.Join(reset, ", "))
	}
	if set := slices.DeleteFunc(wanted, func(o string) bool { return slices.Contains(have, o) }); len(set) > 0 {
		say("SET (%s)", strings.Join(set, ", "))
	}
	if a, b := identityForm.FindString(got), identityForm.FindString(want); a != b {
		if b == "" {
			b = "replica identity default"
		}
		say("%s", strings.ToUpper(b))
	}
	return out
}

// generation is the change of a column's GENERATED clause, to run after its other changes. An expression cannot be given to a
// column that is there already, and a virtual one has no values to keep: ok is false.
func generation(got, want string) (change string, ok bool) {
	const identity = "as identity"
	from, to := strings.HasSuffix(got, identity), strings.HasSuffix(want, identity)
	switch {
	case from && to:
		return "SET " + strings.ToUpper(strings.TrimSuffix(want, " "+identity)), true
	case to && got == "":
		return "ADD " + strings.ToUpper(want), true
	case from && want == "":
		return "DROP IDENTITY", true
	case want == "" && strings.HasSuffix(got, " stored"):
		return "DROP EXPRESSION", true
	}
	return "", false
}

// addLabels adds the labels an enumeration lacks, each in its place. What is too much cannot be taken from a type.
func addLabels(name, got, want string) []string {
	have, wanted := strings.Split(got, ", "), strings.Split(want, ", ")
	if slices.ContainsFunc(have, func(l string) bool { return !slices.Contains(wanted, l) }) {
		return nil
	}
	if !slices.Equal(have, slices.DeleteFunc(slices.Clone(wanted), func(l string) bool { return !slices.Contains(have, l) })) {
		return nil // in another order
	}
	var out []string
	for i, label := range wanted {
		switch {
		case slices.Contains(have, label):
		case i == 0:
			out = append(out, fmt.Sprintf("ALTER TYPE %s ADD VALUE %s BEFORE %s", name, label, have[0]))
		default:
			out = append(out, fmt.Sprintf("ALTER TYPE %s ADD VALUE %s AFTER %s", name, label, wanted[i-1]))
		}
	}
	return out
}

// sequence makes a sequence, drops it, or sets it right; where it stands is not a part of its definition.
func (d Difference) sequence() []string {
	if d.Extra {
		return []string{"DROP SEQUENCE " + d.Name}
	}
	m := sequenceForm.FindStringSubmatch(d.Want)
	if m == nil {
		return nil
	}
	verb := "ALTER"
	if d.Missing {
		verb = "CREATE"
	}
	cycle := "NO CYCLE"
	if m[7] != "" {
		cycle = "CYCLE"
	}
	out := []string{fmt.Sprintf("%s SEQUENCE %s AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s %s", verb, d.Name, m[1], m[2], m[3], m[4], m[5], m[6], cycle)}
	if d.Missing && m[8] != "" {
		out = append(out, fmt.Sprintf("ALTER SEQUENCE %s OWNED BY %s.%s", d.Name, m[9], m[8]))
	}
	return out
}

// ownerOf is the column, qualified, that a sequence belongs to; empty when it stands alone.
func ownerOf(sequence string) string {
	if m := sequenceForm.FindStringSubmatch(sequence); m != nil && m[8] != "" {
		return m[9] + "." + m[8]
	}
	return ""
}
