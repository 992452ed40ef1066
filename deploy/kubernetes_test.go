package deploy

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestOverlays(t *testing.T) {
	t.Parallel()
	for _, overlay := range overlays {
		for _, problem := range check(render(t, source(t, nil), overlay)) {
			t.Errorf("%s: %s", overlay, problem)
		}
	}
}

// TestPlantedFaults breaks a rendered overlay in one place at a time.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	good := render(t, source(t, nil), "overlays/production")
	for _, fault := range []struct{ name, old, new, says string }{
		{"unknown field", "readOnlyRootFilesystem", "readOnlyRootFileSystem", "unknown field"},
		{"unknown kind", "kind: PodDisruptionBudget", "kind: PodDisruptionBudgets", "no kind"},
		{"field of the wrong type", "periodSeconds: 10", "periodSeconds: ten", "cannot unmarshal"},
		{"key given twice", "automountServiceAccountToken: false\nkind", "automountServiceAccountToken: false\nautomountServiceAccountToken: false\nkind", "already set"},
		{"name", "name: migrate-0.1.0", "name: migrate_0.1.0", "RFC 1123"},
		{"label", "app.kubernetes.io/component: server", "app.kubernetes.io/component: -server", "labels"},
		{"another namespace", "name: server\n  namespace: lockstep", "name: server\n  namespace: other", "is in namespace"},
		{"lax namespace", "pod-security.kubernetes.io/enforce: restricted", "pod-security.kubernetes.io/enforce: baseline", "Pod Security"},
		{"root", "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"},
		{"escalation", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"},
		{"capabilities", "drop:\n            - ALL", "drop:\n            - NET_RAW", "unrestricted capabilities"},
		{"seccomp", "type: RuntimeDefault", "type: Unconfined", "seccompProfile"},
		{"writable root", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "writable"},
		{"a user of the node", "runAsUser: 65532", "runAsUser: 1000", "user id"},
		{"token in the pod", "automountServiceAccountToken: false\n      containers", "automountServiceAccountToken: true\n      containers", "gets a token"},
		{"token of the account", "automountServiceAccountToken: false\nkind", "automountServiceAccountToken: true\nkind", "hands out tokens"},
		{"no requests", "cpu: 500m", "cpu: \"0\"", "want requests"},
		{"moving tag", "lockstep:0.1.0", "lockstep:latest", "name a tag"},
		{"password in the open", "value: /run/secrets/database/url", "value: postgres://core_app:secret@db/core", "in the open"},
		{"secret", "apiVersion: v1\nkind: Namespace", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: database\n  namespace: lockstep\nstringData:\n  url: postgres://core_app:secret@db/core\n---\napiVersion: v1\nkind: Namespace", "have the operator make it"},
		{"owner's secret in the servers", "secretName: database\n", "secretName: database-owner\n", "for the Job alone"},
		{"missing account", "serviceAccountName: migrate", "serviceAccountName: migrator", "no ServiceAccount"},
		{"missing volume", "- mountPath: /run/secrets/database\n          name: database", "- mountPath: /run/secrets/database\n          name: data", "no volume"},
		{"service port", "targetPort: http", "targetPort: web", "no port"},
		{"probe port", "path: /readyz\n            port: http", "path: /readyz\n            port: web", "no port"},
		{"policy port", "- port: admin", "- port: metrics", "no port"},
		{"liveness that asks the database", "path: /livez", "path: /readyz", "want a liveness probe of /livez"},
		{"selector", "selector:\n    app.kubernetes.io/component: server", "selector:\n    app.kubernetes.io/component: web", "selects the pods of 0 workloads"},
		{"selector of both", "    matchLabels:\n      app.kubernetes.io/component: server\n      app.kubernetes.io/name: lockstep\n  unhealthy", "    matchLabels:\n      app.kubernetes.io/name: lockstep\n  unhealthy", "selects the pods of 2 workloads"},
		{"autoscaler", "kind: Deployment\n    name: server", "kind: Deployment\n    name: api", "which is not here"},
		{"replicas", "spec:\n  progressDeadlineSeconds", "spec:\n  replicas: 2\n  progressDeadlineSeconds", "owns"},
		{"update with a gap", "maxUnavailable: 0", "maxUnavailable: 1", "before their successors"},
		{"short grace period", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 44", "too short"},
		{"no delay", "LOCKSTEP_SHUTDOWN_DELAY: 10s", "LOCKSTEP_SHUTDOWN_DELAY: 0s", "too short"},
		{"no spread", "topologySpreadConstraints:", "nodeSelector: {}\n      tolerations: []\n      x:", "unknown field"},
		{"one Job for all releases", "name: migrate-0.1.0", "name: migrate", "each release needs its own"},
		{"another image in the Job", "image: registry.example.com/lockstep:0.1.0\n        imagePullPolicy: IfNotPresent\n        name: migrate", "image: registry.example.com/lockstep:0.1.1\n        imagePullPolicy: IfNotPresent\n        name: migrate", "the pods run"},
		{"Job in any order", "argocd.argoproj.io/sync-wave: \"-1\"", "argocd.argoproj.io/sync-wave: \"1\"", "before the Deployment"},
		{"account after the Job", "argocd.argoproj.io/sync-wave: \"-2\"", "argocd.argoproj.io/sync-wave: \"0\"", "before the Job"},
		{"Job that never gives up", "backoffLimit: 5", "suspend: false", "backoffLimit"},
		{"Job that repeats mistakes", "- 4\n", "- 3\n", "exit code 4"},
		{"open network", "name: default-deny\n  namespace: lockstep\nspec:\n  podSelector: {}\n  policyTypes:\n  - Ingress\n  - Egress", "name: default-deny\n  namespace: lockstep\nspec:\n  podSelector: {}\n  policyTypes:\n  - Ingress", "denies what is not allowed"},
		{"database anywhere", "cidr: 192.0.2.10/32", "cidr: 10.0.0.0/8", "name the addresses"},
		{"issuer anywhere", "cidr: 192.0.2.20/32", "cidr: 0.0.0.0/0", "name the addresses"},
		{"any port", "- port: 5432\n      protocol: TCP\n    to:", "to:", "every peer or port"},
		{"any pod", "      podSelector:\n        matchExpressions:\n        - key: k8s-app\n          operator: In\n          values:\n          - kube-dns\n", "", "name namespace and pods"},
		{"labels of our own", "matchExpressions:\n        - key: k8s-app\n          operator: In\n          values:\n          - kube-dns", "matchLabels:\n          k8s-app: kube-dns\n          app.kubernetes.io/name: lockstep", "use matchExpressions"},
		{"no way to the database", "port: 5432", "port: 5433", "reach the database"},
		{"unreachable database", "podSelector:\n    matchLabels:\n      app.kubernetes.io/component: migrate", "podSelector:\n    matchLabels:\n      app.kubernetes.io/component: migrator", "reach the database"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			bad := strings.ReplaceAll(good, fault.old, fault.new)
			if bad == good {
				t.Fatalf("the overlay has no %q to break", fault.old)
			}
			if problems := strings.Join(check(bad), "\n"); !strings.Contains(problems, fault.says) {
				t.Errorf("got %q, want %q in it", problems, fault.says)
			}
		})
	}
}

// TestJobFollowsImage releases as `kustomize edit set image` does.
func TestJobFollowsImage(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"newTag: 1.4.0": "migrate-1.4.0",
		"newTag: 1.5.0-rc.1\n    digest: sha256:9b7c7e5c85a64408ad7a48936a04c2dd9b7c7e5c85a64408ad7a48936a04c2dd": "migrate-1.5.0-rc.1",
	} {
		overlay := strings.NewReplacer("newTag: 0.1.0", image, "registry.example.com", "registry.example.com:5000/acme").Replace(read(t, "overlays/production/kustomization.yaml"))
		text := render(t, source(t, map[string]string{"overlays/production/kustomization.yaml": overlay}), "overlays/production")
		for _, problem := range check(text) {
			t.Errorf("%s: %s", image, problem)
		}
		if !strings.Contains(text, "name: "+want+"\n") {
			t.Errorf("%s: no Job %s in\n%s", image, want, text)
		}
	}
}

// TestHelmHooks packs an overlay the way a chart wants it.
func TestHelmHooks(t *testing.T) {
	t.Parallel()
	overlay := strings.Replace(read(t, "overlays/production/kustomization.yaml"), "resources:", "components: [../../components/helm-hooks]\nresources:", 1)
	text := render(t, source(t, map[string]string{"overlays/production/kustomization.yaml": overlay}), "overlays/production")
	for _, problem := range check(text) {
		t.Error(problem)
	}
	weights := map[string]string{}
	for _, o := range newBundle(text).objects {
		if a := o.GetAnnotations(); a["helm.sh/hook"] == "pre-install,pre-upgrade" {
			weights[o.GetObjectKind().GroupVersionKind().Kind+" "+o.GetName()] = a["helm.sh/hook-weight"]
		}
	}
	if len(weights) != 3 || weights["Job migrate-0.1.0"] != "-1" || weights["ServiceAccount migrate"] != "-2" || weights["NetworkPolicy migrate"] != "-2" {
		t.Errorf("got hooks %v, want the Job after what it needs", weights)
	}
}

// TestEgress is what docs/operations.md says: names of the cluster, the database, the issuers; the collector where it is wanted;
// a hosted issuer's port of the public Internet.
func TestEgress(t *testing.T) {
	t.Parallel()
	overlay := read(t, "overlays/production/kustomization.yaml")
	egress := func(overlay string) map[string][]string {
		b := newBundle(render(t, source(t, map[string]string{"overlays/production/kustomization.yaml": overlay}), "overlays/production"))
		b.checkNetwork()
		for _, problem := range b.problems {
			t.Error(problem)
		}
		out := map[string][]string{}
		for _, n := range all[*networkingv1.NetworkPolicy](b) {
			for _, rule := range n.Spec.Egress {
				for _, port := range rule.Ports {
					out[n.Name] = append(out[n.Name], port.Port.String())
				}
			}
		}
		return out
	}
	want := map[string][]string{"migrate": {"53", "53", "5432"}, "server": {"53", "53", "5432", "443"}}
	if got := egress(overlay); !reflect.DeepEqual(got, want) {
		t.Errorf("got the ports %v, want %v", got, want)
	}
	want["server"] = []string{"53", "53", "4318", "5432", "443"}
	if got := egress(strings.Replace(overlay, "resources:", "components: [../../components/collector]\nresources:", 1)); !reflect.DeepEqual(got, want) {
		t.Errorf("with a collector: got the ports %v, want %v", got, want)
	}
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	hosted := regexp.MustCompile(`(?m)^to: (\[\{ipBlock: \{cidr: 0\.0\.0\.0/0, .*)$`).FindSubmatch(guide)
	if hosted == nil {
		t.Fatal("docs/operations.md says nothing of a hosted issuer")
	}
	egress(strings.Replace(overlay, "[{ipBlock: {cidr: 192.0.2.20/32}}]", string(hosted[1]), 1))
}

// TestUndoJob fills in the Job that undoes migrations as docs/operations.md does.
func TestUndoJob(t *testing.T) {
	t.Parallel()
	b := newBundle(render(t, source(t, nil), "undo"))
	b.checkPods()
	if len(b.problems) != 1 || !strings.Contains(b.problems[0], "name a tag") {
		t.Errorf("got %q, want the image missing and nothing else", b.problems)
	}
	jobs := all[*batchv1.Job](b)
	if len(jobs) != 1 || jobs[0].Name != "undo" || len(jobs[0].Annotations) != 0 {
		t.Fatalf("got %+v, want a Job without hooks", jobs)
	}
	if args := strings.Join(jobs[0].Spec.Template.Spec.Containers[0].Args, " "); args != "migrate down --to $(TO)" {
		t.Errorf("got arguments %q", args)
	}
	if jobs[0].Spec.Template.Labels["app.kubernetes.io/component"] != "migrate" {
		t.Error("no NetworkPolicy lets the Job reach the database")
	}
}
