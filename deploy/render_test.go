package deploy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// overlays are the folders people apply.
var overlays = []string{"overlays/development", "overlays/production"}

// source returns kubernetes/ in memory, with more files among them, and observability/.
func source(t *testing.T, more map[string]string) filesys.FileSystem {
	t.Helper()
	memory := filesys.MakeFsInMemory()
	for _, folder := range []string{"kubernetes", "observability"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return memory.WriteFile(filepath.Join("/", path), data)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range more {
		if err := memory.WriteFile(filepath.Join("/kubernetes", name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return memory
}

// render does what `kubectl kustomize` does with a folder below kubernetes/.
func render(t *testing.T, files filesys.FileSystem, folder string) string {
	t.Helper()
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, filepath.Join("/kubernetes", folder))
	if err != nil {
		t.Fatalf("render %s: %v", folder, err)
	}
	text, err := objects.AsYaml()
	if err != nil {
		t.Fatalf("render %s: %v", folder, err)
	}
	return string(text)
}

// decoder refuses kinds and fields that Kubernetes 1.32, the oldest we support, does not know, and duplicate keys.
var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
		monitoringv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err) // the generated types conflict
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}()

// object is any of Kubernetes'.
type object interface {
	runtime.Object
	metav1.Object
}

// decode reads the objects of a rendered overlay.
func decode(text string) (objects []object, problems []string) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, problems
		}
		if err != nil {
			return objects, append(problems, err.Error())
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		decoded, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%v, in\n%.400s", err, document))
			continue
		}
		objects = append(objects, decoded.(object))
	}
}

// read returns a file of the manifests.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("kubernetes", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
