// Package contractdiff compares two versions of the contract and says which version number the newer one needs: breaking
// changes take a major, additions a minor, text a patch (Semantic Versioning 2.0.0, applied below 1.0.0 as well, because
// the SDK's users upgrade by the same rule there).
package contractdiff

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// Report is the outcome of a comparison.
type Report struct {
	BaseVersion string `json:"baseVersion"`
	Version     string `json:"version"`
	// Needed is the step from BaseVersion that the changes need at least; Given is the one that was taken.
	Needed Bump `json:"needed"`
	Given  Bump `json:"given"`
	// Wanted is the least version that would do.
	Wanted string `json:"wanted"`
	OK     bool   `json:"ok"`
	// Changes, breaking ones first. Changes of text are not listed.
	Changes []Change `json:"changes"`
}

// Change is one difference that a caller of the API can notice.
type Change struct {
	Breaking bool `json:"breaking"`
	// Risky changes break callers who rely on what was never promised, such as an enum that does not grow.
	Risky bool `json:"risky,omitempty"`
	// Rule is oasdiff's id of the change: response-required-property-removed.
	Rule string `json:"rule"`
	// Operation is "GET /v1/users", empty for a change of the whole document.
	Operation string `json:"operation,omitempty"`
	Reason    string `json:"reason"`
}

// Compare reads both documents. An error means that one of them cannot be read, not that the newer one breaks callers.
func Compare(base, revision []byte) (*Report, error) {
	older, err := read(base)
	if err != nil {
		return nil, fmt.Errorf("base contract: %w", err)
	}
	newer, err := read(revision)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	report := &Report{BaseVersion: older.Info.Version, Version: newer.Info.Version, Changes: []Change{}}
	from, err := parseVersion(report.BaseVersion)
	if err != nil {
		return nil, fmt.Errorf("base contract: %w", err)
	}
	to, err := parseVersion(report.Version)
	if err != nil {
		return nil, fmt.Errorf("contract: %w: correct openapi/info.json and run make generate", err)
	}
	if report.Changes, err = changes(older, newer); err != nil {
		return nil, err
	}
	if report.Needed, err = needed(report.Changes, base, revision); err != nil {
		return nil, err
	}
	report.Given = from.stepTo(to)
	report.Wanted = from.plus(report.Needed).String()
	report.OK = !to.less(from) && !to.less(from.plus(report.Needed))
	return report, nil
}

func read(document []byte) (*openapi3.T, error) {
	spec, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("read OpenAPI document: %w", err)
	}
	if spec.Info == nil {
		return nil, fmt.Errorf("the document has no info")
	}
	return spec, nil
}

func changes(older, newer *openapi3.T) ([]Change, error) {
	difference, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), &load.SpecInfo{Spec: older}, &load.SpecInfo{Spec: newer})
	if err != nil {
		return nil, fmt.Errorf("compare contracts: %w", err)
	}
	words := checker.NewDefaultLocalizer()
	found := checker.CheckBackwardCompatibilityUntilLevel(checker.NewConfig(checker.GetAllChecks()), difference, sources, checker.INFO)
	out := make([]Change, 0, len(found))
	for _, c := range found {
		switch c.GetId() { // oasdiff's own verdict on the version, which lets a minor pass below 1.0.0
		case checker.APIVersionNotBumpedId, checker.APIVersionDecreasedId, checker.APIMajorVersionNotBumpedId:
			continue
		}
		change := Change{
			Breaking: c.GetLevel() == checker.ERR, Risky: c.GetLevel() == checker.WARN,
			Rule: c.GetId(), Reason: c.GetUncolorizedText(words),
		}
		if c.GetOperation() != "" {
			change.Operation = c.GetOperation() + " " + c.GetPath()
		}
		out = append(out, change)
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(out), nil
}

func rank(c Change) int {
	switch {
	case c.Breaking:
		return 0
	case c.Risky:
		return 1
	}
	return 2
}

// needed is decided by the gravest change; documents that differ in nothing but text need a patch.
func needed(changes []Change, base, revision []byte) (Bump, error) {
	switch {
	case len(changes) > 0 && changes[0].Breaking:
		return Major, nil
	case len(changes) > 0:
		return Minor, nil
	}
	same, err := sameButVersion(base, revision)
	if err != nil || same {
		return None, err
	}
	return Patch, nil
}

func sameButVersion(base, revision []byte) (bool, error) {
	var documents [2]map[string]any
	for i, data := range [][]byte{base, revision} {
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&documents[i]); err != nil {
			return false, fmt.Errorf("read contract: %w", err)
		}
		if info, ok := documents[i]["info"].(map[string]any); ok {
			delete(info, "version")
		}
	}
	return reflect.DeepEqual(documents[0], documents[1]), nil
}
