// Package etag makes and compares entity tags (RFC 9110, section 8.8.3). A tag is `"<version>-<fingerprint>"`: the version
// is the row's, which is what If-Match compares, the fingerprint is of the representation, which is what If-None-Match
// compares. Two callers who may see different fields hold different tags of one version.
package etag

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Encoder is a body that ogen can write.
type Encoder interface {
	Encode(*jx.Encoder)
}

// Of returns the tag of a representation of a row's version.
func Of(version int, body Encoder) string {
	encoder := jx.GetEncoder()
	defer jx.PutEncoder(encoder)
	body.Encode(encoder)
	hash := fnv.New64a()
	_, _ = hash.Write(encoder.Bytes()) // a hash never fails
	return `"` + strconv.Itoa(version) + "-" + strconv.FormatUint(hash.Sum64(), 36) + `"`
}

// Matches reports whether If-None-Match names the tag, so that the caller has the representation already. The comparison is
// weak (RFC 9110, section 13.1.2).
func Matches(ifNoneMatch, tag string) bool {
	if strings.TrimSpace(ifNoneMatch) == "*" {
		return true
	}
	for item := range strings.SplitSeq(ifNoneMatch, ",") {
		if strings.TrimPrefix(strings.TrimSpace(item), "W/") == tag {
			return true
		}
	}
	return false
}

// Versions reads If-Match: the versions it allows, or any for `*`. Its error is a *problem.Error.
func Versions(ifMatch string) (versions []int, any bool, err error) {
	if strings.TrimSpace(ifMatch) == "*" {
		return nil, true, nil
	}
	for item := range strings.SplitSeq(ifMatch, ",") {
		tag := strings.TrimSpace(item)
		text, _, _ := strings.Cut(strings.Trim(tag, `"`), "-")
		version, err := strconv.Atoi(text)
		if err != nil || !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) || len(tag) < 3 {
			return nil, false, problem.New(problem.InvalidParameter, "If-Match is no ETag of this API.").
				At("If-Match", "malformed", "Pass the ETag of an answer, unchanged, or *.")
		}
		if !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	return versions, false, nil
}
