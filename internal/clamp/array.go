package clamp

import "strings"

// Texts reads the text form of a text[], in any number of dimensions (PostgreSQL manual, "Array Input and Output Syntax"). NULLs
// are left out, and dimensions laid end to end.
func Texts(text string) []string {
	if strings.HasPrefix(text, "[") { // lower bounds other than 1: [2:3]={a,b}
		_, text, _ = strings.Cut(text, "=")
	}
	out := []string{}
	for i := 0; i < len(text); {
		switch text[i] {
		case '{', '}', ',':
			i++
		case '"':
			var item strings.Builder
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
				if i < len(text) {
					item.WriteByte(text[i])
				}
			}
			i++
			out = append(out, item.String())
		default:
			end := strings.IndexAny(text[i:], ",}")
			if end < 0 {
				end = len(text) - i
			}
			if item := text[i : i+end]; item != "NULL" {
				out = append(out, item)
			}
			i += end
		}
	}
	return out
}
