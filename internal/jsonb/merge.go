package jsonb

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Merge applies a JSON Merge Patch to a JSON text (RFC 7396, section 2): objects are merged member by member, null removes a member,
// all else replaces what is there. Both texts must be valid, and the patch as deep as its caller allows: it is read recursively.
func Merge(target, patch []byte) ([]byte, error) {
	if !isObject(patch) {
		return patch, nil
	}
	changes, members := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(patch, &changes); err != nil {
		return nil, fmt.Errorf("read a patch: %w", err)
	}
	if isObject(target) {
		if err := json.Unmarshal(target, &members); err != nil {
			return nil, fmt.Errorf("read what is patched: %w", err)
		}
	}
	for name, change := range changes {
		if isNull(change) {
			delete(members, name)
			continue
		}
		merged, err := Merge(members[name], change)
		if err != nil {
			return nil, err
		}
		members[name] = merged
	}
	return json.Marshal(members)
}

// WithNulls adds to a JSON text the members that are null in another one and that it does not have: a patch cannot set a member to
// null, and a Go type that always writes the member has it null when it is gone.
func WithNulls(text, from []byte) ([]byte, error) {
	if !isObject(text) || !isObject(from) {
		return text, nil
	}
	members, more := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("read a merged value: %w", err)
	}
	if err := json.Unmarshal(from, &more); err != nil {
		return nil, fmt.Errorf("read a merged value: %w", err)
	}
	for name, value := range more {
		own, there := members[name]
		switch {
		case !there && isNull(value):
			members[name] = value
		case there:
			filled, err := WithNulls(own, value)
			if err != nil {
				return nil, err
			}
			members[name] = filled
		}
	}
	return json.Marshal(members)
}

func isObject(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '{'
}

func isNull(text []byte) bool { return string(bytes.TrimSpace(text)) == "null" }
