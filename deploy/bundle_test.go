package deploy

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// workload is something that makes pods.
type workload struct {
	object object
	kind   string
	pod    corev1.PodTemplateSpec
}

// container is the only one of the pod.
func (w workload) container() corev1.Container {
	if len(w.pod.Spec.Containers) != 1 {
		return corev1.Container{}
	}
	return w.pod.Spec.Containers[0]
}

// bundle is the objects of one overlay and what is wrong with them.
type bundle struct {
	objects   []object
	workloads []workload
	problems  []string
}

func newBundle(text string) *bundle {
	b := &bundle{}
	b.objects, b.problems = decode(text)
	for _, o := range b.objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			b.workloads = append(b.workloads, workload{o, "Deployment", o.Spec.Template})
		case *batchv1.Job:
			b.workloads = append(b.workloads, workload{o, "Job", o.Spec.Template})
		}
	}
	return b
}

func (b *bundle) problem(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

func all[T object](b *bundle) (found []T) {
	for _, o := range b.objects {
		if typed, ok := o.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

func has[T object](b *bundle, name string) bool {
	return slices.ContainsFunc(all[T](b), func(o T) bool { return o.GetName() == name })
}

// selected are the workloads whose pods a selector matches. One without a condition matches every pod, which only the
// policy that denies everything may.
func (b *bundle) selected(what string, selector *metav1.LabelSelector) (found []workload) {
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		b.problem("%s: %v", what, err)
		return nil
	}
	if compiled.Empty() {
		b.problem("%s selects every pod", what)
		return nil
	}
	for _, w := range b.workloads {
		if compiled.Matches(labels.Set(w.pod.Labels)) {
			found = append(found, w)
		}
	}
	return found
}

// selects says that exactly the pods of one kind of workload are selected.
func (b *bundle) selects(what string, selector *metav1.LabelSelector, kind string) []workload {
	found := b.selected(what, selector)
	if len(found) != 1 || found[0].kind != kind {
		b.problem("%s selects the pods of %d workloads, want those of the %s alone", what, len(found), kind)
	}
	return found
}

// checkSelectors follows every selector to the pods it means, and every port to a container's.
func (b *bundle) checkSelectors() {
	for _, d := range all[*appsv1.Deployment](b) {
		b.selects("Deployment "+d.Name, d.Spec.Selector, "Deployment")
		for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
			b.selects("topology spread over "+c.TopologyKey, c.LabelSelector, "Deployment")
		}
		if len(d.Spec.Template.Spec.TopologySpreadConstraints) == 0 {
			b.problem("Deployment %s: its pods may all be on one node: spread them", d.Name)
		}
	}
	for _, s := range all[*corev1.Service](b) {
		for _, w := range b.selects("Service "+s.Name, &metav1.LabelSelector{MatchLabels: s.Spec.Selector}, "Deployment") {
			for _, port := range s.Spec.Ports {
				b.port("Service "+s.Name, w, port.TargetPort.StrVal)
			}
		}
	}
	for _, p := range all[*policyv1.PodDisruptionBudget](b) {
		b.selects("PodDisruptionBudget "+p.Name, p.Spec.Selector, "Deployment")
	}
	for _, m := range all[*monitoringv1.PodMonitor](b) {
		for _, w := range b.selects("PodMonitor "+m.Name, &m.Spec.Selector, "Deployment") {
			for _, endpoint := range m.Spec.PodMetricsEndpoints {
				if endpoint.Port == nil {
					b.problem("PodMonitor %s names no port", m.Name)
					continue
				}
				b.port("PodMonitor "+m.Name, w, *endpoint.Port)
			}
		}
	}
	for _, h := range all[*autoscalingv2.HorizontalPodAutoscaler](b) {
		if target := h.Spec.ScaleTargetRef; target.Kind != "Deployment" || !has[*appsv1.Deployment](b, target.Name) {
			b.problem("HorizontalPodAutoscaler %s scales %s %s, which is not here", h.Name, target.Kind, target.Name)
		}
	}
	b.checkNetwork()
}

// checkNetwork wants everything denied, and each workload allowed what it needs by a policy of its own.
func (b *bundle) checkNetwork() {
	denied := false
	covered := map[string]bool{}
	for _, n := range all[*networkingv1.NetworkPolicy](b) {
		both := slices.Contains(n.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) && slices.Contains(n.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		if len(n.Spec.PodSelector.MatchLabels)+len(n.Spec.PodSelector.MatchExpressions) == 0 {
			denied = denied || both && len(n.Spec.Ingress)+len(n.Spec.Egress) == 0
			continue
		}
		b.checkEgress(n)
		for _, w := range b.selected("NetworkPolicy "+n.Name, &n.Spec.PodSelector) {
			covered[w.kind] = covered[w.kind] || slices.ContainsFunc(n.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
				return slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.IntValue() == 5432 })
			})
			for _, rule := range n.Spec.Ingress {
				for _, port := range rule.Ports {
					b.port("NetworkPolicy "+n.Name, w, port.Port.StrVal)
				}
			}
		}
	}
	if !denied {
		b.problem("no NetworkPolicy denies what is not allowed")
	}
	for _, w := range b.workloads {
		if !covered[w.kind] {
			b.problem("no NetworkPolicy lets the pods of %s %s reach the database", w.kind, w.object.GetName())
		}
	}
}

// inside are networks of one's own, and the link-local one of the cloud's metadata service.
var inside = []string{"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}

// checkEgress wants named ports of named peers. A wide block of addresses is the public Internet's web servers at most: where a
// hosted issuer's addresses are not known.
func (b *bundle) checkEgress(n *networkingv1.NetworkPolicy) {
	for _, rule := range n.Spec.Egress {
		if len(rule.To) == 0 || len(rule.Ports) == 0 {
			b.problem("NetworkPolicy %s lets pods out to every peer or port: name them", n.Name)
		}
		for _, peer := range rule.To {
			switch peer.IPBlock {
			case nil:
				if peer.PodSelector == nil || len(peer.PodSelector.MatchLabels)+len(peer.PodSelector.MatchExpressions) == 0 || peer.NamespaceSelector == nil || len(peer.NamespaceSelector.MatchLabels) == 0 {
					b.problem("NetworkPolicy %s lets pods out to all pods of a namespace, or of all: name namespace and pods", n.Name)
				} else if peer.PodSelector.MatchLabels["app.kubernetes.io/name"] == "lockstep" {
					b.problem("NetworkPolicy %s lets pods out to our own in another namespace, where none are: kustomize has added labels, use matchExpressions", n.Name)
				}
			default:
				_, block, err := net.ParseCIDR(peer.IPBlock.CIDR)
				if err != nil {
					b.problem("NetworkPolicy %s: %v", n.Name, err)
					continue
				}
				web := !slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port == nil || p.Port.IntValue() != 443 })
				missing := slices.ContainsFunc(inside, func(network string) bool { return !slices.Contains(peer.IPBlock.Except, network) })
				if ones, _ := block.Mask.Size(); ones < 24 && (!web || missing) {
					b.problem("NetworkPolicy %s lets pods out to all of %s: name the addresses", n.Name, peer.IPBlock.CIDR)
				}
			}
		}
	}
}

func (b *bundle) port(what string, w workload, name string) {
	if !slices.ContainsFunc(w.container().Ports, func(p corev1.ContainerPort) bool { return p.Name == name }) {
		b.problem("%s: the container has no port %q", what, name)
	}
}

// checkReferences follows names of other objects. Secrets are the operator's: none may be here, and each workload may see
// only its own.
func (b *bundle) checkReferences() {
	for _, s := range all[*corev1.Secret](b) {
		b.problem("Secret %s is in the manifests: refer to it and have the operator make it", s.Name)
	}
	secrets := map[string][]string{}
	for _, w := range b.workloads {
		what := w.kind + " " + w.object.GetName()
		if !has[*corev1.ServiceAccount](b, w.pod.Spec.ServiceAccountName) {
			b.problem("%s: there is no ServiceAccount %q", what, w.pod.Spec.ServiceAccountName)
		}
		for _, from := range w.container().EnvFrom {
			if from.ConfigMapRef == nil || !has[*corev1.ConfigMap](b, from.ConfigMapRef.Name) {
				b.problem("%s: the environment comes from something that is not here", what)
			}
		}
		volumes := map[string]bool{}
		for _, v := range w.pod.Spec.Volumes {
			volumes[v.Name] = true
			switch {
			case v.Secret != nil:
				secrets[v.Secret.SecretName] = append(secrets[v.Secret.SecretName], w.kind)
			case v.ConfigMap != nil:
				if optional := v.ConfigMap.Optional; !has[*corev1.ConfigMap](b, v.ConfigMap.Name) && (optional == nil || !*optional) {
					b.problem("%s: there is no ConfigMap %s", what, v.ConfigMap.Name)
				}
			default:
				b.problem("%s: volume %s is neither a Secret nor a ConfigMap", what, v.Name)
			}
		}
		for _, m := range w.container().VolumeMounts {
			if !volumes[m.Name] {
				b.problem("%s: there is no volume %s to mount at %s", what, m.Name, m.MountPath)
			}
			delete(volumes, m.Name)
		}
		for name := range volumes {
			b.problem("%s: volume %s is mounted nowhere", what, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if users := secrets[name]; len(users) > 1 {
			b.problem("Secret %s is seen by %s: the owner's credentials are for the Job alone", name, strings.Join(users, " and "))
		}
	}
}
