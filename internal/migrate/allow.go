package migrate

import (
	"regexp"
	"slices"
	"strings"
)

var allow = regexp.MustCompile(`(?m)^-- lockstep:allow[ \t]*(\S*)[ \t]*(.*)$`)

// Allowance is a `-- lockstep:allow RULE reason` of a script: a finding of that rule is known and accepted.
type Allowance struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Line   int    `json:"line"`
}

// allowances reads the allowances of a script. One without a rule or a reason is a mistake.
func allowances(place, sql string) ([]Allowance, error) {
	var out []Allowance
	for _, m := range allow.FindAllStringSubmatchIndex(sql, -1) {
		a := Allowance{Rule: sql[m[2]:m[3]], Reason: strings.TrimSpace(sql[m[4]:m[5]]), Line: 1 + strings.Count(sql[:m[0]], "\n")}
		if a.Rule == "" || a.Reason == "" {
			return nil, problem("statement", "", "%s:%d: write `-- lockstep:allow RULE reason`: the rule as the finding names it, and why it is safe here", place, a.Line)
		}
		out = append(out, a)
	}
	return out, nil
}

// Allowance is the migration's, or its reverse's, first allowance for one of the rules.
func (m *Migration) Allowance(rules ...string) (Allowance, bool) {
	for _, s := range []*Script{&m.Up, m.Down} {
		if s == nil {
			continue
		}
		if i := slices.IndexFunc(s.Allowed, func(a Allowance) bool { return slices.Contains(rules, a.Rule) }); i >= 0 {
			return s.Allowed[i], true
		}
	}
	return Allowance{}, false
}
