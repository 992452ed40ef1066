// Package ijson finds where a JSON text is not I-JSON (RFC 7493), or has what Postgres cannot store. JSON decoders take such
// texts, each in its own way: of two members with one name the last counts here and the first there, and half a surrogate
// pair or a byte that is no UTF-8 becomes U+FFFD. What was stored would not be what was sent.
package ijson

import (
	"sync"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// Kind is what is wrong with a text.
type Kind int

// The kinds.
const (
	// NotUTF8 is a byte that is no UTF-8 (RFC 7493, section 2.1). Such a text is not JSON at all (RFC 8259, section 8.1).
	NotUTF8 Kind = iota
	// Surrogate is half of a surrogate pair, written as \ud800 (RFC 7493, section 2.1).
	Surrogate
	// NUL is U+0000, written as \u0000 (PostgreSQL manual, section 8.3: "The character with code 0 cannot be stored").
	NUL
	// Duplicate is a member whose name another member of the object has (RFC 7493, section 2.3).
	Duplicate
	// Deep is an array or object inside too many others.
	Deep
)

// MaxDepth is how many arrays and objects may be inside one another: those of a JSON field, and some around it. Postgres, which reads JSON recursively, takes thousands.
const MaxDepth = contract.MaxJSONDepth + 8

// MaxFaults is how many faults are reported of one text.
const MaxFaults = 20

// maxPointer is the most bytes of a pointer. A fault further down is reported at the value above that fits.
const maxPointer = 1024

// Fault is one thing wrong with a text.
type Fault struct {
	// Pointer is a JSON Pointer (RFC 6901) to the value at fault. A fault in a member's name is its object's, except for
	// Duplicate, which names the member.
	Pointer string
	Kind    Kind
	// InName says that it is in a member's name.
	InName bool
}

// Check returns the faults of a text in the order in which they stand there, MaxFaults at most. Of a text that is not JSON
// for another reason it returns none: whoever decodes it says so. The text is read once, without a copy.
func Check(text []byte) []Fault {
	s := scanners.Get().(*scanner)
	defer s.put()
	s.text, s.utf8 = text, utf8.Valid(text)
	if !s.scan() {
		if !s.utf8 && len(s.faults) == 0 {
			return []Fault{{Kind: NotUTF8}} // outside of all strings
		}
		return nil
	}
	return s.faults
}

// level is an array or object that is being read.
type level struct {
	object bool
	index  int    // of the element, in an array
	name   []byte // of the member, decoded, in an object
	names  int    // where the names of the object begin in scanner.names
	seen   map[string]struct{}
}

// manyNames is how many names of an object are compared one by one. For more there is a map.
const manyNames = 24

type scanner struct {
	text   []byte
	at     int
	utf8   bool // all of the text is UTF-8
	levels []level
	names  [][]byte // of all objects that are being read
	faults []Fault
}

// scanners lends the room that a scanner needs. It is bounded by MaxDepth and manyNames.
var scanners = sync.Pool{New: func() any { return new(scanner) }}

// put gives the scanner back, without what it has read.
func (s *scanner) put() {
	levels, names := s.levels[:cap(s.levels)], s.names[:cap(s.names)]
	clear(levels)
	clear(names)
	*s = scanner{levels: levels[:0], names: names[:0]}
	scanners.Put(s)
}

// scan reports whether it came to the end of one value.
func (s *scanner) scan() bool {
	for {
		if len(s.faults) >= MaxFaults {
			return true
		}
		s.space()
		if s.at == len(s.text) {
			return false
		}
		opened := false
		switch s.text[s.at] {
		case '{', '[':
			if len(s.levels) == MaxDepth {
				s.fault(Deep, false)
				return true // what is inside would not be read either
			}
			s.levels = append(s.levels, level{object: s.text[s.at] == '{', names: len(s.names)})
			s.at++
			opened = true
		case '"':
			if _, ok := s.str(false); !ok {
				return false
			}
		default:
			if !s.scalar() {
				return false
			}
		}
		if more, ok := s.next(opened); !ok || !more {
			return ok
		}
	}
}

// next goes on to the value that follows the one just read, or the first one of what was just opened, past the ends in
// between. It reports whether there is one, and whether the text is as JSON has it.
func (s *scanner) next(opened bool) (more, ok bool) {
	for len(s.levels) > 0 {
		l := &s.levels[len(s.levels)-1]
		s.space()
		if s.at == len(s.text) {
			return false, false
		}
		switch c := s.text[s.at]; {
		case l.object && c == '}', !l.object && c == ']':
			s.at++
			s.names = s.names[:l.names]
			s.levels = s.levels[:len(s.levels)-1]
			opened = false
			continue
		case c == ',' && !opened:
			s.at++
			l.index++
		case !opened:
			return false, false
		}
		return true, !l.object || s.member(l)
	}
	return false, true // what follows is the decoder's affair
}

// member reads a member's name and its colon.
func (s *scanner) member(l *level) bool {
	s.space()
	if s.at == len(s.text) || s.text[s.at] != '"' {
		return false
	}
	l.name = nil // a fault of the name is the object's
	name, ok := s.str(true)
	if !ok {
		return false
	}
	l.name = name
	if s.known(l, name) {
		s.fault(Duplicate, false)
	}
	s.space()
	if s.at == len(s.text) || s.text[s.at] != ':' {
		return false
	}
	s.at++
	return true
}

// known reports whether the object has a member of this name already, and notes the name.
func (s *scanner) known(l *level, name []byte) bool {
	if l.seen != nil {
		_, known := l.seen[string(name)]
		l.seen[string(name)] = struct{}{}
		return known
	}
	for _, other := range s.names[l.names:] {
		if string(other) == string(name) {
			return true
		}
	}
	s.names = append(s.names, name)
	if own := s.names[l.names:]; len(own) > manyNames {
		l.seen = make(map[string]struct{}, 2*len(own))
		for _, n := range own {
			l.seen[string(n)] = struct{}{}
		}
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// scalar reads a number or a word, whatever it is.
func (s *scanner) scalar() bool {
	from := s.at
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '-', c == '+', c == '.', '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			s.at++
		default:
			return s.at > from
		}
	}
	return true
}

// fault notes what is wrong with the value that is being read.
func (s *scanner) fault(kind Kind, inName bool) {
	if len(s.faults) < MaxFaults {
		s.faults = append(s.faults, Fault{Pointer: s.pointer(), Kind: kind, InName: inName})
	}
}
