// Package jsonb knows how large a JSON value is once Postgres has it.
package jsonb

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Measure returns the bytes of a JSON text as Postgres writes it after it has been a jsonb, as octet_length(column::text)
// counts them, and how many arrays and objects lie inside one another. Postgres puts spaces behind commas and colons and
// writes numbers without exponents. The text must be valid; of a member that is there twice both count.
func Measure(text []byte) (size, depth int) {
	level := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			i++
		case c == ',' || c == ':':
			size, i = size+2, i+1
		case c == '{' || c == '[':
			size, i, level = size+1, i+1, level+1
			depth = max(depth, level)
		case c == '}' || c == ']':
			size, i, level = size+1, i+1, level-1
		case c == '"':
			n, end := quoted(text[i:])
			size, i = size+n, i+end
		case c == '-' || c >= '0' && c <= '9':
			end := bytes.IndexFunc(text[i:], func(r rune) bool {
				return (r < '0' || r > '9') && r != '.' && r != 'e' && r != 'E' && r != '+' && r != '-'
			})
			if end < 0 {
				end = len(text) - i
			}
			size, i = size+plain(text[i:i+end]), i+end
		default: // true, false, null
			size, i = size+1, i+1
		}
	}
	return size, depth
}

// quoted returns the bytes that Postgres writes for the string that the text begins with, and where that ends (escape_json,
// utils/adt/json.c).
func quoted(text []byte) (size, end int) {
	size = 1
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return size + 1, i + 1
		case '\\':
			i++
			if i >= len(text) || text[i] != 'u' || i+4 >= len(text) {
				if i < len(text) && text[i] == '/' {
					size++
				} else {
					size += 2
				}
				continue
			}
			code, _ := strconv.ParseUint(string(text[i+1:i+5]), 16, 16)
			i += 4
			switch r := rune(code); {
			case r == '"' || r == '\\' || r >= '\b' && r <= '\r' && r != '\v':
				size += 2
			case r < ' ':
				size += 6
			case utf8.ValidRune(r):
				size += utf8.RuneLen(r)
			default:
				size += 2 // half of a surrogate pair, which is four bytes
			}
		default:
			size++
		}
	}
	return size, len(text)
}

// plain is the length of a number without its exponent.
func plain(number []byte) int {
	size := 0
	negative := number[0] == '-'
	if negative {
		number = number[1:]
	}
	exponent := 0
	if at := bytes.IndexAny(number, "eE"); at >= 0 {
		exponent, _ = strconv.Atoi(string(bytes.TrimPrefix(number[at+1:], []byte("+"))))
		exponent = max(min(exponent, 1<<20), -1<<20)
		number = number[:at]
	}
	if negative && bytes.ContainsAny(number, "123456789") { // zero has no sign
		size = 1
	}
	before, behind, _ := bytes.Cut(number, []byte("."))
	size += max(len(before)+exponent, 1)
	if fraction := len(behind) - exponent; fraction > 0 {
		size += 1 + fraction
	}
	return size
}
