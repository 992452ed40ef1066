// Package etag makes and compares entity tags (RFC 9110, section 8.8.3). A tag is `"<version>-<fingerprint>"`: the version
// is the row's, which is what If-Match compares, the fingerprint is of the representation, which is what If-None-Match
// compares. Two callers who may see different fields hold different tags of one version.
package etag

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
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
	return Complete(Later(version), encoder.Bytes())
}

// Later is the tag of a version whose representation is about to be written: whoever writes it calls Complete with it. It
// spares encoding the body twice.
func Later(version int) string { return strconv.Itoa(version) }

// Reopen returns the tag of Later for the version of a complete tag. Any other tag it returns as it is.
func Reopen(tag string) string {
	text, _, _ := strings.Cut(strings.Trim(tag, `"`), "-")
	if _, err := strconv.Atoi(text); err != nil {
		return tag
	}
	return text
}

// Complete returns what Of would have, for the tag of Later and the encoded body. Any other tag it returns as it is.
func Complete(tag string, text []byte) string {
	if strings.HasPrefix(tag, `"`) {
		return tag
	}
	return `"` + tag + "-" + strconv.FormatUint(xxhash.Sum64(text), 36) + `"`
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

// opaque is an entity tag (RFC 9110, section 8.8.3).
var opaque = regexp.MustCompile(`^(W/)?"[\x21\x23-\x7e\x80-\xff]*"$`)

// Versions reads If-Match: the versions it allows, or any for `*`. A tag that is none of this API's allows nothing, nor does
// a weak one (RFC 9110, section 13.1.1). Its error, for what is no list of tags, is a *problem.Error.
func Versions(ifMatch string) (versions []int, any bool, err error) {
	if strings.TrimSpace(ifMatch) == "*" {
		return nil, true, nil
	}
	for item := range strings.SplitSeq(ifMatch, ",") {
		tag := strings.TrimSpace(item)
		if !opaque.MatchString(tag) {
			return nil, false, problem.New(problem.InvalidParameter, "If-Match is no list of ETags.").
				AtHeader("If-Match", problem.RuleMalformed, "Pass the ETag of an answer, unchanged, or *.")
		}
		text, _, _ := strings.Cut(strings.Trim(tag, `"`), "-")
		version, err := strconv.ParseInt(text, 10, 32) // the column's width
		if err != nil {
			continue
		}
		if !slices.Contains(versions, int(version)) {
			versions = append(versions, int(version))
		}
	}
	return versions, false, nil
}
