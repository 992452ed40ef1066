package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// maxCursor is the most characters of a cursor. A URL has twice as much (internal/serving/limits.go), and leaves half to filters;
// proxies refuse longer ones.
const maxCursor = 4 << 10

// CursorLen is the most characters of a cursor of the entity's list, which holds a value of each key it can be ordered by:
// what internal/paging writes, as JSON in base64url.
func (e *Entity) CursorLen() int {
	size := len(`{"l":"","o":"01234567","k":[],"a":"00000000-0000-0000-0000-000000000000"}`) + len(e.Resource)
	for _, f := range e.Sorts {
		size += f.keyLen() + len(`,`)
	}
	return (size*4 + 2) / 3 // base64 without padding
}

// keyLen is the most bytes of the field's value in a cursor.
func (f *Field) keyLen() int {
	switch f.Kind {
	case String:
		characters := uint64(contract.DefaultMaxText)
		if f.Limits.MaxLen != nil {
			characters = *f.Limits.MaxLen
		}
		return int(characters)*len(`\u0001`) + len(`""`)
	case Enum:
		longest := 0
		for _, v := range f.Values {
			longest = max(longest, len(v))
		}
		return longest + len(`""`)
	case Decimal:
		return decimalLen
	case UUID, Bool, Integer, Number, Time, Date, Bytes, TextList, JSON:
	}
	return len(`"-292277-12-31T23:59:59.999999+00:00"`)
}

// decimalLen is more than a decimal has digits.
const decimalLen = 1_000

// checkCursor refuses keys whose cursors would be too long for a URL.
func (e *Entity) checkCursor() error {
	if e.CursorLen() <= maxCursor {
		return nil
	}
	keys := slices.SortedStableFunc(slices.Values(e.Sorts), func(a, b *Field) int { return cmp.Compare(b.keyLen(), a.keyLen()) })
	var names []string
	for _, f := range keys {
		names = append(names, fmt.Sprintf("%s (%d)", f.Name, f.keyLen()))
	}
	return fmt.Errorf("contract.Sort: a cursor that holds a value of every key could have %d characters, and %d fit into a URL: "+
		"shorten the longest keys with MaxRuneLen, or sort by fewer: %s", e.CursorLen(), maxCursor, strings.Join(names, ", "))
}
