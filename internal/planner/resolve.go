package planner

import (
	"fmt"
	"slices"
	"strings"
)

// resolver decides which of the renames that are declared, and asked for by flags, are to be made in one set of names: the
// tables, or the columns of one table.
type resolver struct {
	from, to map[string]bool // the names that are there, and those that shall be
	noun     string          // "table " or "column users."
	asked    []move          // by flags
	declared []move          // by the desired state; they stay there when they are done
	done     []move          // by migrations
	dropped  func(name string) bool
	say      func(m move) string // in the form of --rename

	warnings []string
}

// moves are the renames to make. A declared one whose new name is not there yet is to be made, also where its old name is used
// again. One whose new name is there has been made before, unless that one gives way too. What can neither be made nor was is
// refused: it would be lost.
func (r *resolver) moves() ([]move, error) {
	all := slices.Clone(r.asked)
	for _, m := range r.declared {
		switch {
		case slices.Contains(r.asked, m):
		case m.from == m.to:
			return nil, fmt.Errorf("%s%s is declared to be renamed from its own name: take contract.RenamedFrom away, or name the one before", r.noun, m.to)
		case r.from[m.from] && r.to[m.to]:
			all = append(all, m)
		}
	}
	for _, m := range r.asked {
		if why := r.impossible(m, all); why != "" {
			return nil, fmt.Errorf("--rename %s: %s", r.say(m), why)
		}
	}
	live := movable(all, func(name string) bool { return r.from[name] })
	for _, m := range all {
		if !slices.Contains(live, m) && !r.was(m) && !r.dropped(m.from) {
			return nil, fmt.Errorf("%s%s is declared to have been renamed from %s, and both are there, so that what %s holds would be lost: no migration renamed it. Take contract.RenamedFrom away, or drop %s in a migration of its own before",
				r.noun, m.to, m.from, m.from, m.to)
		}
	}
	live = r.withoutDoneCircles(live)
	for i, m := range live {
		for _, other := range live[:i] {
			if other.from == m.from || other.to == m.to {
				return nil, fmt.Errorf("%s and %s: one name cannot go on under two, nor two under one: keep one of them", r.say(other), r.say(m))
			}
		}
	}
	return live, nil
}

// withoutDoneCircles leaves out circles that a migration has made: names that were swapped look as they did before.
func (r *resolver) withoutDoneCircles(live []move) []move {
	var out []move
	for _, m := range live {
		ring := circle(live, m)
		if ring == nil || slices.ContainsFunc(ring, func(m move) bool { return slices.Contains(r.asked, m) || !r.was(m) }) {
			out = append(out, m)
			continue
		}
		if ring[0].from <= slices.MinFunc(ring, func(a, b move) int { return strings.Compare(a.from, b.from) }).from {
			var says []string
			for _, m := range ring {
				says = append(says, r.say(m))
			}
			r.warnings = append(r.warnings, fmt.Sprintf("%s: a migration has made these renames, so they are not made again; take contract.RenamedFrom away, and say --rename if they are meant once more", strings.Join(says, ", ")))
		}
	}
	return out
}

// was says whether a migration has made the rename.
func (r *resolver) was(m move) bool { return slices.Contains(r.done, m) }

// impossible says why a rename that a flag asks for cannot be meant.
func (r *resolver) impossible(m move, all []move) string {
	reaches := func(name string) bool {
		return slices.ContainsFunc(all, func(o move) bool { return o.to == name && o != m })
	}
	leaves := func(name string) bool {
		return slices.ContainsFunc(all, func(o move) bool { return o.from == name && o != m })
	}
	switch {
	case !r.from[m.from]:
		return "there is no " + r.noun + m.from
	case r.to[m.from] && !reaches(m.from):
		return "the desired state keeps " + r.noun + m.from + ": if a new one has that name, say contract.RenamedFrom beside the one that goes on"
	case !r.to[m.to]:
		return "the desired state has no " + r.noun + m.to
	case r.from[m.to] && !leaves(m.to):
		return r.noun + m.to + " is already there: drop it in a migration of its own before, or rename it too"
	}
	return ""
}
