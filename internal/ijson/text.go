package ijson

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string, of which the first quote is next, and notes its faults, one of each kind. It returns a name decoded.
func (s *scanner) str(isName bool) (name []byte, ok bool) {
	from := s.at + 1
	end, escaped := from, false
	for {
		if end >= len(s.text) {
			return nil, false
		}
		c := s.text[end]
		if c == '"' {
			break
		}
		if c == '\\' {
			escaped = true
			end++ // whatever is escaped
		}
		end++
	}
	raw := s.text[from:end]
	s.at = end + 1
	if !s.utf8 && !utf8.Valid(raw) {
		s.fault(NotUTF8, isName)
	}
	if !escaped {
		return raw, true
	}
	return s.escapes(raw, isName)
}

// escapes notes faults among the escapes of a string, and returns a name decoded.
func (s *scanner) escapes(raw []byte, isName bool) (name []byte, ok bool) {
	var nul, half bool
	for {
		before, after, found := bytes.Cut(raw, []byte(`\`))
		if isName {
			name = append(name, before...)
		}
		if !found {
			break
		}
		if len(after) == 0 {
			return nil, false
		}
		if after[0] != 'u' {
			if isName {
				name = append(name, simple(after[0]))
			}
			raw = after[1:]
			continue
		}
		unit, ok := hex(after[1:])
		if !ok {
			return nil, false
		}
		raw = after[5:]
		if utf16.IsSurrogate(unit) {
			pair := rune(utf8.RuneError)
			if len(raw) > 1 && raw[0] == '\\' && raw[1] == 'u' {
				if low, ok := hex(raw[2:]); ok {
					pair = utf16.DecodeRune(unit, low)
				}
			}
			if pair == utf8.RuneError {
				half = true
			} else {
				raw = raw[6:]
			}
			unit = pair
		}
		nul = nul || unit == 0
		if isName {
			name = utf8.AppendRune(name, unit)
		}
	}
	if nul {
		s.fault(NUL, isName)
	}
	if half {
		s.fault(Surrogate, isName)
	}
	return name, true
}

// simple is the character behind a backslash (RFC 8259, section 7).
func simple(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// hex reads the four digits at the start.
func hex(digits []byte) (rune, bool) {
	if len(digits) < 4 {
		return 0, false
	}
	value := rune(0)
	for _, c := range digits[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		value = value<<4 | rune(c)
	}
	return value, true
}

// escape writes a name as a reference token (RFC 6901, section 3).
var escape = strings.NewReplacer("~", "~0", "/", "~1")

// pointer is the value that is being read, or the one above of which the pointer is short enough, or can be written.
func (s *scanner) pointer() string {
	var b strings.Builder
	for _, l := range s.levels {
		token := strconv.Itoa(l.index)
		if l.object {
			if l.name == nil || !utf8.Valid(l.name) || bytes.IndexByte(l.name, 0) >= 0 {
				break
			}
			token = escape.Replace(string(l.name))
		}
		if b.Len()+len(token) >= maxPointer {
			break
		}
		b.WriteByte('/')
		b.WriteString(token)
	}
	return b.String()
}
