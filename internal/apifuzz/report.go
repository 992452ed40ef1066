package apifuzz

import (
	"fmt"
	"strings"
)

// Description is the operation's text in the contract.
func (o *Operation) Description() string { return o.operation.Description }

// Sum adds reports up.
func Sum(reports ...*Report) *Report {
	total := &Report{Answers: map[string]map[int]int{}, Codes: map[string]int{}}
	for _, report := range reports {
		total.Requests += report.Requests
		total.Episodes += report.Episodes
		total.Failures = append(total.Failures, report.Failures...)
		for id, statuses := range report.Answers {
			if total.Answers[id] == nil {
				total.Answers[id] = map[int]int{}
			}
			for status, n := range statuses {
				total.Answers[id][status] += n
			}
		}
		for code, n := range report.Codes {
			total.Codes[code] += n
		}
	}
	return total
}

// Successes is how often the operation was answered with what it promises.
func (r *Report) Successes(id string) int {
	n := 0
	for status, count := range r.Answers[id] {
		if status < 400 {
			n += count
		}
	}
	return n
}

// String lists the answers by operation and status, and the problems by code.
func (r *Report) String() string {
	var out strings.Builder
	for _, id := range sortedKeys(r.Answers) {
		name := id
		if id == "" {
			name = "(no operation)"
		}
		fmt.Fprintf(&out, "%-28s %v\n", name, r.Answers[id])
	}
	fmt.Fprintf(&out, "problems: %v\n", r.Codes)
	return out.String()
}
