package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/git"
	"github.com/lockstep-dev/lockstep/internal/prcheck"
)

// checkParts are the sections of the report that are not about the database.
func checkParts() []prcheck.Part {
	return []prcheck.Part{
		{Title: "Contract", Run: contractPart},
		{Title: "SDK", Run: sdkPart},
	}
}

// contractPart lists what callers notice, and refuses a version that says less.
func contractPart(ctx context.Context, root, fork string) (string, []string, error) {
	r, err := compareContracts(ctx, root, fork)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Version %s → %s: the changes need **%s**, given is %s.\n", r.BaseVersion, r.Version, r.Needed, r.Given)
	if len(r.Changes) > 0 {
		b.WriteString("\n| Severity | Operation | Change |\n|---|---|---|\n")
	}
	for _, c := range r.Changes {
		severity := "added"
		switch {
		case c.Breaking:
			severity = "**breaking**"
		case c.Risky:
			severity = "risky"
		}
		fmt.Fprintf(&b, "| %s | %s | %s (`%s`) |\n", severity, c.Operation, strings.ReplaceAll(c.Reason, "|", "\\|"), c.Rule)
	}
	if r.OK {
		return b.String(), nil, nil
	}
	return b.String(), []string{fmt.Sprintf("the contract's version is %s and its changes need %s: set it in openapi/info.json and run make generate", r.Version, r.Wanted)}, nil
}

// sdkPart shows the declarations of the SDK that came and went.
func sdkPart(ctx context.Context, root, fork string) (string, []string, error) {
	out, err := git.Run(ctx, root, "diff", "--unified=0", "--no-color", fork, "--", "clients/ts/src/generated")
	if err != nil {
		return "", nil, fmt.Errorf("compare the SDK with the base's: %w", err)
	}
	text := sdkChanges(out)
	if text == "" {
		return "Unchanged.", nil, nil
	}
	return "```diff\n" + text + "\n```", nil, nil
}

// sdkChanges keeps of a diff without context the declarations that came and went, each under its file and what encloses it.
func sdkChanges(diff string) string {
	const most = 80
	var lines []string
	file, place, said := "", "", ""
	for line := range strings.SplitSeq(diff, "\n") {
		if path, ok := strings.CutPrefix(line, "+++ b/"); ok {
			file, place = path, ""
			continue
		}
		if hunk := strings.SplitN(line, "@@", 3); strings.HasPrefix(line, "@@") && len(hunk) == 3 {
			place = strings.TrimSuffix(strings.TrimSpace(hunk[2]), "{")
			continue
		}
		body := strings.TrimSpace(strings.TrimLeft(line, "+-"))
		if !strings.HasPrefix(line, "+") && !strings.HasPrefix(line, "-") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") ||
			body == "" || strings.HasPrefix(body, "*") || strings.HasPrefix(body, "/*") || body == "}" {
			continue
		}
		if where := strings.TrimSpace("@@ " + file + " " + place); where != said {
			lines, said = append(lines, where), where
		}
		lines = append(lines, line[:1]+" "+body)
	}
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("… and %d lines more", len(lines)-most))
	}
	return strings.Join(lines, "\n")
}
