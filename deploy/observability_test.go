package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// appliedLimit is the most bytes of annotations an object may have; `kubectl apply` keeps the whole object in one.
const appliedLimit = 256 << 10

// observed returns a file of observability/.
func observed(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("observability/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// checkConfigMaps returns what is wrong with the ConfigMaps that are to hold these rules and this dashboard.
func checkConfigMaps(text, rules, dashboard string) []string {
	b := &bundle{}
	b.objects, b.problems = decode(text)
	if len(text) > appliedLimit {
		b.problem("%d bytes are too many for kubectl apply", len(text))
	}
	maps := map[string]*corev1.ConfigMap{}
	for _, c := range all[*corev1.ConfigMap](b) {
		maps[c.Name] = c
	}
	if len(b.objects) != 2 || len(maps) != 2 {
		b.problem("got %d objects, want two ConfigMaps", len(b.objects))
	}
	for _, want := range []struct{ name, key, data, label string }{
		{"lockstep-rules", "lockstep.yaml", rules, ""},
		{"lockstep-dashboard", "lockstep.json", dashboard, "1"},
	} {
		switch c := maps[want.name]; {
		case c == nil:
			b.problem("there is no ConfigMap %s", want.name)
		case len(c.Data) != 1 || c.Data[want.key] != want.data:
			b.problem("ConfigMap %s does not hold the file as %s", want.name, want.key)
		case c.Labels["grafana_dashboard"] != want.label:
			b.problem("ConfigMap %s has the label grafana_dashboard %q, want %q", want.name, c.Labels["grafana_dashboard"], want.label)
		}
	}
	return b.problems
}

// checkRule returns what is wrong with the PrometheusRule that is to hold these rules.
func checkRule(text, rules string) []string {
	b := &bundle{}
	b.objects, b.problems = decode(text)
	var want monitoringv1.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict([]byte(rules), &want); err != nil {
		b.problem("rules: %v", err)
	}
	found := all[*monitoringv1.PrometheusRule](b)
	if len(found) != 1 || len(b.objects) != 1 {
		b.problem("got %d objects, want one PrometheusRule", len(b.objects))
		return b.problems
	}
	if found[0].Name == "" || len(found[0].Labels) == 0 {
		b.problem("the PrometheusRule has no name or no label to select it by")
	}
	if !reflect.DeepEqual(found[0].Spec, want) || len(want.Groups) == 0 {
		b.problem("the PrometheusRule holds other rules than the file")
	}
	return b.problems
}

// checkRunbooks returns what is wrong with where alerts send the one they wake: each has a section of its own. read returns
// a file of the repository, or nothing.
func checkRunbooks(rules, module string, read func(path string) string) []string {
	b := &bundle{}
	var spec monitoringv1.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict([]byte(rules), &spec); err != nil {
		b.problem("rules: %v", err)
	}
	sections := regexp.MustCompile(`(?m)^### (Lockstep\w+)$`)
	unused := map[string]bool{}
	for _, m := range sections.FindAllStringSubmatch(read("docs/observability.md"), -1) {
		unused[m[1]] = true
	}
	alerts := 0
	for _, g := range spec.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			alerts++
			url := r.Annotations["runbook_url"]
			path, anchor, _ := strings.Cut(strings.TrimPrefix(url, "https://"+module+"/blob/main/"), "#")
			own := regexp.MustCompile(`(?ms)^### ` + r.Alert + `\n\n.+?\n(#|\z)`)
			switch {
			case read(path) == "":
				b.problem("%s: its runbook_url %q is of no file of this repository", r.Alert, url)
			case anchor != strings.ToLower(r.Alert): // as GitHub makes anchors of headings
				b.problem("%s: its runbook_url points to #%s, another's section", r.Alert, anchor)
			case !own.MatchString(read(path)):
				b.problem("%s: %s has no section of that name, or nothing in it", r.Alert, path)
			}
			delete(unused, r.Alert)
		}
	}
	for name := range unused {
		b.problem("docs/observability.md says what to do at %s, and there is no such alert", name)
	}
	if alerts == 0 {
		b.problem("there are no alerts")
	}
	return b.problems
}

// TestRunbooks follows the link of every alert.
func TestRunbooks(t *testing.T) {
	t.Parallel()
	file := func(path string) string {
		data, err := os.ReadFile("../" + path)
		if err != nil {
			return ""
		}
		return string(data)
	}
	module := strings.TrimSpace(strings.TrimPrefix(strings.SplitN(file("go.mod"), "\n", 2)[0], "module "))
	rules := observed(t, "rules.yaml")
	for _, problem := range checkRunbooks(rules, module, file) {
		t.Error(problem)
	}
	for _, fault := range []struct{ in, old, new, says string }{
		{"rules", "runbook_url: https", "runbook: https", "no file"},
		{"rules", "observability.md#lockstepabsent", "observations.md#lockstepabsent", "no file"},
		{"rules", module, "example.com/another", "no file"},
		{"rules", "#lockstepnotready", "#lockstepabsent", "another's section"},
		{"rules", "alert: LockstepAbsent", "alert: LockstepGone", "another's section"},
		{"guide", "### LockstepAbsent\n", "", "no section"},
		{"guide", "### LockstepErrorBudgetBurnsFast\n\n", "### LockstepErrorBudgetBurnsFast\n### ", "nothing in it"},
		{"guide", "### LockstepAbsent\n", "### LockstepGone\n\nNobody.\n\n### LockstepAbsent\n", "no such alert"},
	} {
		changed := map[string]string{"rules": rules, "guide": file("docs/observability.md")}
		before := changed[fault.in]
		changed[fault.in] = strings.Replace(before, fault.old, fault.new, 1)
		problems := strings.Join(checkRunbooks(changed["rules"], module, func(path string) string {
			if path == "docs/observability.md" {
				return changed["guide"]
			}
			return file(path)
		}), "\n")
		if changed[fault.in] == before || !strings.Contains(problems, fault.says) {
			t.Errorf("%s: got %q, want %q in it", fault.new, problems, fault.says)
		}
	}
}

// TestConfigMapsOfRulesAndDashboard renders what docs/observability.md applies.
func TestConfigMapsOfRulesAndDashboard(t *testing.T) {
	t.Parallel()
	rules, dashboard := observed(t, "rules.yaml"), observed(t, "dashboard.json")
	good := render(t, source(t, nil), "../observability")
	for _, problem := range checkConfigMaps(good, rules, dashboard) {
		t.Error(problem)
	}
	for old, fault := range map[string]struct{ new, says string }{
		"lockstep-rules":                   {"rules", "no ConfigMap lockstep-rules"},
		"lockstep.json":                    {"lockstep.yaml", "does not hold the file as lockstep.json"},
		"LockstepNotReady":                 {"LockstepReady", "does not hold the file as lockstep.yaml"},
		`grafana_dashboard: "1"`:           {`grafana_dashboards: "1"`, "label grafana_dashboard"},
		"kind: ConfigMap":                  {"kind: ConfigMaps", "no kind"},
		"apiVersion: v1\n":                 {"apiVersion: v1\nimmutible: true\n", "unknown field"},
		"app.kubernetes.io/name: lockstep": {"app.kubernetes.io/name: " + strings.Repeat("x", appliedLimit), "too many"},
	} {
		bad := strings.ReplaceAll(good, old, fault.new)
		if problems := strings.Join(checkConfigMaps(bad, rules, dashboard), "\n"); bad == good || !strings.Contains(problems, fault.says) {
			t.Errorf("%s: got %q, want %q in it", old, problems, fault.says)
		}
	}
}

// TestPrometheusRule runs the command of docs/observability.md up to what it hands to kubectl.
func TestPrometheusRule(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	const apply = " | kubectl -n monitoring apply -f -\n"
	blocks := regexp.MustCompile("(?s)```sh\n([^`]*kind: PrometheusRule[^`]*)```").FindSubmatch(guide)
	if blocks == nil || !strings.HasSuffix(string(blocks[1]), apply) {
		t.Fatalf("docs/observability.md shows no command that applies a PrometheusRule")
	}
	made := func(command string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", command)
		cmd.Dir = ".."
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	command := strings.TrimSuffix(string(blocks[1]), apply)
	rules := observed(t, "rules.yaml")
	for _, problem := range checkRule(made(command), rules) {
		t.Error(problem)
	}
	for _, fault := range []struct{ old, new, says string }{
		{"s/^/  /", "s/^//", "unknown field"},
		{"kind: PrometheusRule", "kind: PrometheusRules", "no kind"},
		{", labels: {release: prometheus}", "", "no label"},
		{"s/^/  /", "s/^/  /; s/ > 0$/ > 1/", "other rules than the file"},
		{"s/^/  /", "s/^/  /; s/severity/5: x, severity/", "other rules than the file"},
		{"s/^/  /", "s/^/  /; s/for: /fore: /", "unknown field"},
	} {
		bad := strings.Replace(command, fault.old, fault.new, 1)
		if problems := strings.Join(checkRule(made(bad), rules), "\n"); bad == command || !strings.Contains(problems, fault.says) {
			t.Errorf("%s: got %q, want %q in it", fault.new, problems, fault.says)
		}
	}
}

// TestPrometheusOperator adds what tells the Operator to scrape the servers.
func TestPrometheusOperator(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct{ old, new, says string }{
		{"", "", ""},
		{"- port: admin", "- port: metrics", "no port"},
		{"- port: admin", "- portNumber: 9090", "names no port"},
		{"- port: admin", "- ports: admin", "unknown field"},
		{"component: server", "component: web", "selects the pods of 0 workloads"},
	} {
		const monitor = "components/prometheus-operator/podmonitor.yaml"
		overlay := strings.Replace(read(t, "overlays/production/kustomization.yaml"), "resources:", "components: [../../components/prometheus-operator]\nresources:", 1)
		text := render(t, source(t, map[string]string{
			"overlays/production/kustomization.yaml": overlay, monitor: strings.Replace(read(t, monitor), fault.old, fault.new, 1),
		}), "overlays/production")
		problems := check(text)
		if len(all[*monitoringv1.PodMonitor](newBundle(text))) != 1 && fault.says != "unknown field" {
			problems = append(problems, fmt.Sprintf("no PodMonitor in\n%s", text))
		}
		if said := strings.Join(problems, "\n"); fault.says == "" && said != "" || !strings.Contains(said, fault.says) {
			t.Errorf("%s: got %q, want %q", fault.new, said, fault.says)
		}
	}
}
