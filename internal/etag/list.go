package etag

import "strings"

// entity is an entity tag (RFC 9110, section 8.8.3).
type entity struct {
	weak   bool
	opaque string // with its quotes
}

// next returns the first tag of a list, and the rest of it; found is false at its end. Empty elements are ignored (section
// 5.6.1.2), commas inside of quotes are part of a tag. ok is false for what is no list of tags.
func next(list string) (tag entity, rest string, found, ok bool) {
	list = strings.TrimLeft(list, " \t,")
	if list == "" {
		return entity{}, "", false, true
	}
	list, tag.weak = strings.CutPrefix(list, "W/") // with this case only
	if list == "" || list[0] != '"' {
		return entity{}, "", false, false
	}
	end := strings.IndexByte(list[1:], '"')
	if end < 0 {
		return entity{}, "", false, false
	}
	tag.opaque = list[:end+2]
	for _, c := range []byte(tag.opaque) {
		if c < '!' || c == 0x7f {
			return entity{}, "", false, false
		}
	}
	rest = strings.TrimLeft(list[end+2:], " \t")
	return tag, rest, true, rest == "" || rest[0] == ','
}
