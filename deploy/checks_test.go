package deploy

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	v1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// check returns what is wrong with an overlay.
func check(text string) []string {
	b := newBundle(text)
	b.checkMetadata()
	b.checkSelectors()
	b.checkReferences()
	b.checkPods()
	b.checkDeployment()
	b.checkJob()
	return b.problems
}

// checkMetadata wants names and labels a cluster accepts, and everything in one namespace that enforces Pod Security.
func (b *bundle) checkMetadata() {
	namespaces := all[*corev1.Namespace](b)
	if len(namespaces) != 1 || namespaces[0].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		b.problem("want one Namespace, which enforces Pod Security restricted")
		return
	}
	for _, o := range b.objects {
		_, cluster := o.(*corev1.Namespace)
		what := o.GetObjectKind().GroupVersionKind().Kind + " " + o.GetName()
		if !cluster && o.GetNamespace() != namespaces[0].Name {
			b.problem("%s is in namespace %q", what, o.GetNamespace())
		}
		problems := v1validation.ValidateLabels(o.GetLabels(), field.NewPath("labels"))
		problems = append(problems, validation.ValidateAnnotations(o.GetAnnotations(), field.NewPath("annotations"))...)
		for _, p := range problems {
			b.problem("%s: %v", what, p)
		}
		for _, p := range validation.NameIsDNSSubdomain(o.GetName(), false) {
			b.problem("%s: name: %s", what, p)
		}
	}
	for _, w := range b.workloads {
		for _, p := range w.container().Ports {
			for _, problem := range utilvalidation.IsValidPortName(p.Name) {
				b.problem("port %s: %s", p.Name, problem)
			}
		}
	}
}

// restricted is the policy the namespace enforces.
var restricted = func() policy.Evaluator {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		panic(err) // the library's own checks contradict each other
	}
	return evaluator
}()

// checkPods holds every pod to Pod Security restricted, and to what that leaves open.
func (b *bundle) checkPods() {
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for _, w := range b.workloads {
		what := w.kind + " " + w.object.GetName()
		result := policy.AggregateCheckResults(restricted.EvaluatePod(level, &w.pod.ObjectMeta, &w.pod.Spec))
		if !result.Allowed {
			b.problem("%s violates Pod Security restricted: %s", what, result.ForbiddenDetail())
		}
		if len(w.pod.Spec.Containers) != 1 || len(w.pod.Spec.InitContainers) != 0 {
			b.problem("%s: want one container", what)
		}
		c := w.container()
		if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			b.problem("%s: the root file system is writable", what)
		}
		if user := w.pod.Spec.SecurityContext.RunAsUser; user == nil || *user < 10000 {
			b.problem("%s: want a user id above those of the node", what)
		}
		if token := w.pod.Spec.AutomountServiceAccountToken; token == nil || *token {
			b.problem("%s: the pod gets a token of the Kubernetes API, which nothing in it calls", what)
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			b.problem("%s: want requests of CPU and memory, and a limit of memory", what)
		}
		name, tag, _ := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":")
		if tag == "" || tag == "latest" {
			b.problem("%s: image %s: name a tag, which says what is rolled back to", what, name)
		}
		for _, e := range c.Env {
			if strings.Contains(e.Value, "://") {
				b.problem("%s: %s is a URL in the open: put it into a Secret or the ConfigMap", what, e.Name)
			}
		}
	}
	for _, a := range all[*corev1.ServiceAccount](b) {
		if a.AutomountServiceAccountToken == nil || *a.AutomountServiceAccountToken {
			b.problem("ServiceAccount %s hands out tokens of the Kubernetes API", a.Name)
		}
	}
}

// checkDeployment wants updates and drains that no request notices.
func (b *bundle) checkDeployment() {
	deployments := all[*appsv1.Deployment](b)
	if len(deployments) != 1 || len(all[*autoscalingv2.HorizontalPodAutoscaler](b)) != 1 {
		b.problem("want one Deployment and one HorizontalPodAutoscaler")
		return
	}
	d := deployments[0]
	w := workload{d, "Deployment", d.Spec.Template}
	if d.Spec.Replicas != nil {
		b.problem("the Deployment sets replicas, which the HorizontalPodAutoscaler owns")
	}
	if r := d.Spec.Strategy.RollingUpdate; r == nil || r.MaxUnavailable == nil || r.MaxUnavailable.String() != "0" {
		b.problem("an update takes pods away before their successors are ready: set maxUnavailable to 0")
	}
	c := w.container()
	for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		path := "/livez"
		if name == "readiness" {
			path = "/readyz"
		}
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path {
			b.problem("want a %s probe of %s", name, path)
			continue
		}
		b.port(name+" probe", w, probe.HTTPGet.Port.StrVal)
	}
	settings := b.environment(w)
	delay, err1 := time.ParseDuration(settings["LOCKSTEP_SHUTDOWN_DELAY"])
	timeout, err2 := time.ParseDuration(settings["LOCKSTEP_SHUTDOWN_TIMEOUT"])
	grace := time.Duration(*d.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	if err1 != nil || err2 != nil || delay < 5*time.Second || grace < delay+timeout+5*time.Second {
		b.problem("a grace period of %s is too short for a delay of %s (at least 5s), %s for requests in flight and 5s to close", grace, delay, timeout)
	}
}

// environment is what the container sees of the manifests.
func (b *bundle) environment(w workload) map[string]string {
	env := map[string]string{}
	for _, from := range w.container().EnvFrom {
		for _, c := range all[*corev1.ConfigMap](b) {
			if from.ConfigMapRef != nil && c.Name == from.ConfigMapRef.Name {
				for name, value := range c.Data {
					env[name] = value
				}
			}
		}
	}
	for _, e := range w.container().Env {
		env[e.Name] = e.Value
	}
	return env
}

// checkJob wants a Job per release, of the servers' image, that runs before them where there is an order.
func (b *bundle) checkJob() {
	jobs := all[*batchv1.Job](b)
	if len(jobs) != 1 {
		b.problem("want one Job")
		return
	}
	job := jobs[0]
	image := job.Spec.Template.Spec.Containers[0].Image
	_, tag, _ := strings.Cut(image, "lockstep:")
	tag, _, _ = strings.Cut(tag, "@")
	if job.Name != "migrate-"+tag {
		b.problem("the Job of image %s is called %s: a Job cannot be changed, so each release needs its own", image, job.Name)
	}
	for _, w := range b.workloads {
		if w.container().Image != image {
			b.problem("the Job migrates with %s and the pods run %s", image, w.container().Image)
		}
	}
	if job.Spec.BackoffLimit == nil || job.Spec.ActiveDeadlineSeconds == nil || job.Spec.TTLSecondsAfterFinished == nil {
		b.problem("the Job wants a backoffLimit, an activeDeadlineSeconds and a ttlSecondsAfterFinished")
	}
	if p := job.Spec.PodFailurePolicy; p == nil || p.Rules[0].Action != batchv1.PodFailurePolicyActionFailJob || p.Rules[0].OnExitCodes == nil || p.Rules[0].OnExitCodes.Values[0] != 4 {
		b.problem("the Job tries again what cannot succeed: fail it on exit code 4")
	}
	wave := func(o object) string { return o.GetAnnotations()["argocd.argoproj.io/sync-wave"] }
	if job.Annotations["argocd.argoproj.io/hook"] != "Sync" || job.Annotations["argocd.argoproj.io/hook-delete-policy"] != "BeforeHookCreation" || wave(job) != "-1" {
		b.problem("Argo CD does not run the Job before the Deployment")
	}
	for _, o := range b.objects {
		if o.GetName() == job.Spec.Template.Spec.ServiceAccountName && wave(o) != "-2" {
			b.problem("Argo CD does not make %s before the Job", o.GetName())
		}
	}
}
