package prcheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-faster/yaml"
)

const workflows = "../../.github/workflows"

type workflow struct {
	On          any               `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Steps       []workflowStep    `yaml:"steps"`
	} `yaml:"jobs"`
}

type workflowStep struct {
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	Env  map[string]string `yaml:"env"`
	With map[string]any    `yaml:"with"`
}

func readWorkflow(t *testing.T, path string) (w workflow, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, &w); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return w, string(b)
}

var (
	pinned = regexp.MustCompile(`uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d`)
	uses   = regexp.MustCompile(`uses: [^.]`)
)

// faultsOf lists what makes a workflow more dangerous than it has to be.
func faultsOf(w workflow, text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if uses.MatchString(line) && !pinned.MatchString(line) {
			out = append(out, "not pinned by commit: "+strings.TrimSpace(line))
		}
	}
	if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
		out = append(out, "the default permissions are not contents: read")
	}
	for name, job := range w.Jobs {
		writes := false
		for _, access := range job.Permissions {
			writes = writes || access == "write"
		}
		for _, step := range job.Steps {
			if strings.Contains(step.Run, "${{") {
				out = append(out, name+": what others may choose is pasted into a script: "+step.Name)
			}
			if checkout := strings.HasPrefix(step.Uses, "actions/checkout@"); checkout && writes {
				out = append(out, name+": may write, and runs what the pull request says")
			} else if checkout && step.With["persist-credentials"] != false {
				out = append(out, name+": leaves the token to whatever runs after the checkout")
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestWorkflowsTakeNoMoreThanTheyNeed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(workflows, "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("got %v, %v; want the workflows", files, err)
	}
	for _, path := range files {
		if faults := faultsOf(readWorkflow(t, path)); len(faults) > 0 {
			t.Errorf("%s: %s", filepath.Base(path), strings.Join(faults, "; "))
		}
	}
	_, text := readWorkflow(t, filepath.Join(workflows, "pr.yml"))
	for name, fault := range map[string][2]string{
		"unpinned":      {regexp.MustCompile(`checkout@\w+`).FindString(text), "checkout@v4"},
		"rights":        {"permissions:\n  contents: read", "permissions:\n  contents: write"},
		"token kept":    {"persist-credentials: false", "persist-credentials: true"},
		"pasted":        {`"origin/$BASE"`, `"origin/${{ github.base_ref }}"`},
		"writing check": {"    timeout-minutes: 45", "    timeout-minutes: 45\n    permissions:\n      pull-requests: write"},
	} {
		planted := strings.Replace(text, fault[0], fault[1], 1)
		var w workflow
		if err := yaml.Unmarshal([]byte(planted), &w); err != nil || planted == text {
			t.Fatalf("%s: not planted: %v", name, err)
		}
		if len(faultsOf(w, planted)) == 0 {
			t.Errorf("%s: the planted fault is not found", name)
		}
	}
}

// The pull request's workflow checks against its base, asks the Atlas CLI as well, and reports in both places.
func TestPullRequestWorkflow(t *testing.T) {
	t.Parallel()
	w, _ := readWorkflow(t, filepath.Join(workflows, "pr.yml"))
	script := ""
	for _, step := range w.Jobs["check"].Steps {
		script += step.Run + "\n"
	}
	for _, want := range []string{`lockstep check --base "origin/$BASE" --report report.md`, "atlas migrate diff drift --env ci", `>> "$GITHUB_STEP_SUMMARY"`} {
		if !strings.Contains(script, want) {
			t.Errorf("the check does not run %s", want)
		}
	}
	comment := ""
	for _, step := range w.Jobs["comment"].Steps {
		comment += step.Run
	}
	for _, test := range []struct{ name, report, existing, call, body string }{
		{"no report", "", "", "", ""},
		{"first", "<!-- lockstep check -->\n# Report\n", "", "--method POST repos/acme/core/issues/7/comments", "# Report"},
		{"again", "<!-- lockstep check -->\n# Report\n", "99", "--method PATCH repos/acme/core/issues/comments/99", "# Report"},
		{"long", "<!-- lockstep check -->\n# Report\n" + strings.Repeat("ü", 40000), "", "--method POST", "<!-- lockstep check -->\n\n> Cut short"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			// GitHub is not here: its client notes what it is asked for.
			gh := "#!/bin/sh\ncase \"$*\" in\n*--method*) echo \"$*\" > call; cp body.md sent ;;\n*) echo '" + test.existing + "' ;;\nesac\n"
			if err := os.WriteFile(filepath.Join(dir, "gh"), []byte(gh), 0o755); err != nil {
				t.Fatal(err)
			}
			if test.report != "" {
				if err := os.WriteFile(filepath.Join(dir, "report.md"), []byte(test.report), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", comment)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "REPOSITORY=acme/core", "NUMBER=7")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			call, _ := os.ReadFile(filepath.Join(dir, "call"))
			sent, _ := os.ReadFile(filepath.Join(dir, "sent"))
			if (test.call == "") != (len(call) == 0) || !strings.Contains(string(call), test.call) {
				t.Errorf("got call %q, want %q", call, test.call)
			}
			if !strings.Contains(string(sent), test.body) || len([]rune(string(sent))) > 65536 {
				t.Errorf("got a comment of %d bytes, want it to hold %q", len(sent), test.body)
			}
		})
	}
}
