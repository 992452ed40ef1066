package planner

import "slices"

// move is one name that becomes another.
type move struct{ from, to string }

// sequence orders moves so that each finds its name free: of a chain the last comes first, and in a circle one gives way to a
// name that nobody has. Names that neither move nor are made free stay out of the way; movable leaves out moves onto them.
func sequence(moves []move, taken func(name string) bool) []move {
	left := slices.Clone(moves)
	var out []move
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(m move) bool {
			return !slices.ContainsFunc(left, func(other move) bool { return other.from == m.to })
		})
		if i < 0 {
			first := &left[0]
			spare := shorten("moving_" + first.from)
			for taken(spare) {
				spare = shorten("_" + spare)
			}
			out = append(out, move{first.from, spare})
			first.from = spare
			continue
		}
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// movable leaves out moves onto a name that stays where it is, and those that wait for one of these.
func movable(moves []move, taken func(name string) bool) []move {
	for {
		kept := slices.DeleteFunc(slices.Clone(moves), func(m move) bool {
			return taken(m.to) && !slices.ContainsFunc(moves, func(other move) bool { return other.from == m.to })
		})
		if len(kept) == len(moves) {
			return kept
		}
		moves = kept
	}
}

// circle returns the moves that lead from the name of one back to it; nil when they lead elsewhere.
func circle(moves []move, of move) []move {
	out := []move{of}
	for at := of.to; at != of.from; {
		i := slices.IndexFunc(moves, func(m move) bool { return m.from == at })
		if i < 0 || len(out) > len(moves) {
			return nil
		}
		out, at = append(out, moves[i]), moves[i].to
	}
	return out
}
