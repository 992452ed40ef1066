// Package etag makes and compares entity tags (RFC 9110, section 8.8.3). A tag is `"<version>-<fingerprint>"`: the version
// is the row's, which is what If-Match compares, the fingerprint is of the representation, which is what If-None-Match
// compares. Two callers who may see different fields hold different tags of one version.
package etag

import (
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

// Of returns the tag of a representation of a row's version, which is not kept: it may be large.
func Of(version int, body Encoder) string {
	encoder := jx.GetEncoder()
	defer jx.PutEncoder(encoder)
	hash := xxhash.New()
	if cap(encoder.Bytes()) < window {
		encoder.Grow(window)
	}
	encoder.ResetWriter(hash)
	body.Encode(encoder)
	_ = encoder.Close() // a hash takes everything
	return tagOf(Later(version), hash.Sum64())
}

// window is how many bytes of a representation are hashed at a time.
const window = 16 << 10

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
	return tagOf(tag, xxhash.Sum64(text))
}

func tagOf(version string, fingerprint uint64) string {
	return `"` + version + "-" + strconv.FormatUint(fingerprint, 36) + `"`
}

// Matches reports whether If-None-Match names the tag, so that the caller has the representation already. The comparison is
// weak (RFC 9110, section 13.1.2). What is no list of tags names none.
func Matches(ifNoneMatch, tag string) bool {
	if strings.TrimSpace(ifNoneMatch) == "*" {
		return true
	}
	for {
		item, rest, found, ok := next(ifNoneMatch)
		if !found || !ok {
			return false
		}
		if item.opaque == tag {
			return true
		}
		ifNoneMatch = rest
	}
}

// Versions reads If-Match: the versions it allows, or any for `*`. A tag that is none of this API's allows nothing, nor does
// a weak one (RFC 9110, section 13.1.1). Its error, for what is no list of tags, is a *problem.Error.
func Versions(ifMatch string) (versions []int, any bool, err error) {
	if strings.TrimSpace(ifMatch) == "*" {
		return nil, true, nil
	}
	for list, tags := ifMatch, 0; ; tags++ {
		tag, rest, found, ok := next(list)
		if !ok || !found && tags == 0 {
			return nil, false, problem.New(problem.InvalidParameter, problem.ETagsMalformed).
				AtHeader("If-Match", problem.RuleMalformed, "Pass the ETag of an answer, unchanged, or *.")
		}
		if !found {
			return versions, false, nil
		}
		list = rest
		if version, ok := versionOf(tag); ok && !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
}

// versionOf is the version that a strong tag of this API is about.
func versionOf(tag entity) (int, bool) {
	text, _, _ := strings.Cut(strings.Trim(tag.opaque, `"`), "-")
	version, err := strconv.ParseInt(text, 10, 32) // the column's width
	return int(version), err == nil && !tag.weak && text == strconv.FormatInt(version, 10)
}
