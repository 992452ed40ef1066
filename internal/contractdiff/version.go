package contractdiff

import (
	"fmt"
	"regexp"
	"strconv"
)

// Bump is a step of a semantic version.
type Bump string

// The steps, and Back for a version that is older than its base.
const (
	None  Bump = "none"
	Patch Bump = "patch"
	Minor Bump = "minor"
	Major Bump = "major"
	Back  Bump = "back"
)

type version struct{ major, minor, patch int }

var versionText = regexp.MustCompile(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`)

func parseVersion(text string) (version, error) {
	match := versionText.FindStringSubmatch(text)
	if match == nil {
		return version{}, fmt.Errorf("info.version %q is no semantic version such as 1.4.0", text)
	}
	var numbers [3]int
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(match[i+1]) // at most nine digits
	}
	return version{numbers[0], numbers[1], numbers[2]}, nil
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch) }

func (v version) less(w version) bool {
	switch {
	case v.major != w.major:
		return v.major < w.major
	case v.minor != w.minor:
		return v.minor < w.minor
	}
	return v.patch < w.patch
}

// plus is the next version by the step.
func (v version) plus(b Bump) version {
	switch b {
	case Major:
		return version{v.major + 1, 0, 0}
	case Minor:
		return version{v.major, v.minor + 1, 0}
	case Patch:
		return version{v.major, v.minor, v.patch + 1}
	}
	return v
}

// stepTo names the step from v to w.
func (v version) stepTo(w version) Bump {
	switch {
	case w.less(v):
		return Back
	case w.major != v.major:
		return Major
	case w.minor != v.minor:
		return Minor
	case w.patch != v.patch:
		return Patch
	}
	return None
}
