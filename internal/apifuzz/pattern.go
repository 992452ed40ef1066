package apifuzz

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
)

// matching returns a text that the pattern matches, or false for one that is not understood.
func matching(r *rand.Rand, pattern string) (string, bool) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var out strings.Builder
	expand(r, parsed.Simplify(), &out)
	return out.String(), true
}

func expand(r *rand.Rand, re *syntax.Regexp, out *strings.Builder) {
	repeat := func(least, most int) {
		for range least + r.IntN(most-least+1) {
			expand(r, re.Sub[0], out)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		out.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := 2 * r.IntN(len(re.Rune)/2)
		low, high := re.Rune[i], min(re.Rune[i+1], re.Rune[i]+100)
		out.WriteRune(low + r.Int32N(high-low+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteRune('a' + r.Int32N(26))
	case syntax.OpStar:
		repeat(0, 3)
	case syntax.OpPlus:
		repeat(1, 4)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + 3
		}
		repeat(re.Min, most)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			expand(r, sub, out)
		}
	case syntax.OpAlternate:
		expand(r, re.Sub[r.IntN(len(re.Sub))], out)
	case syntax.OpCapture:
		expand(r, re.Sub[0], out)
	}
}
