package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

const (
	// escaped is the most bytes of JSON that one character of a text takes: \u001f.
	escaped = 6
	// reread is how much larger than Postgres' own a JSON field's text can be in an answer: U+2028, three bytes, is \u2028.
	reread = 2
	// scalar is the most bytes of any other value: a number, a time, an id.
	scalar = 40
)

// worstBytes is the most bytes of a field's value in an answer's JSON.
func (f *Field) worstBytes() uint64 {
	l := f.Limits
	switch {
	case f.Kind == Bytes && l.MaxLen != nil:
		return *l.MaxLen/3*4 + 6
	case f.Kind == TextList && l.MaxItems != nil:
		return *l.MaxItems*(*l.MaxItemLen*escaped+3) + 2
	case f.Kind == JSON && l.MaxBytes != nil:
		return *l.MaxBytes * reread
	case f.Kind == Decimal:
		return uint64(max(l.Whole, 1)+l.Fraction) + 4
	case f.Kind == String && l.MaxLen != nil:
		return *l.MaxLen*escaped + 2
	}
	return scalar
}

// checkSize refuses an entity of which one row can be more than an answer holds: no page of it could be cut to fit.
func (e *Entity) checkSize() error {
	total := uint64(2)
	largest := slices.Clone(e.Fields)
	for _, f := range e.Fields {
		total += f.worstBytes() + uint64(len(f.JSON)) + 4
	}
	if total <= contract.MaxAnswerBytes {
		return nil
	}
	slices.SortStableFunc(largest, func(a, b *Field) int { return cmp.Compare(b.worstBytes(), a.worstBytes()) })
	var names []string
	for _, f := range largest[:min(len(largest), 5)] {
		names = append(names, fmt.Sprintf("%s (%d)", f.Name, f.worstBytes()))
	}
	return fmt.Errorf("one row can be %d bytes of JSON, and an answer is at most %d: narrow the largest fields, %s, with MaxRuneLen, MaxLen, "+
		"contract.MaxItems, contract.MaxItemLen or contract.MaxBytes, or move some to an entity of their own", total, contract.MaxAnswerBytes, strings.Join(names, ", "))
}
