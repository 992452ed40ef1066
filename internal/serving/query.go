package serving

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// maxViolations is how many are listed of one request, and maxName how many bytes of a name that a caller has made up.
const (
	maxViolations = 20
	maxName       = 100
)

// readQuery refuses a query of which a part would be lost or mean something else. url.ParseQuery drops what it cannot read,
// and ogen what it does not look for: a filter that is written wrongly would answer more than was asked for.
func (o *operation) readQuery(raw string, p *problem.Error) {
	var space [8]string
	once := space[:0] // names of what may be sent once, and was
	for pair := range strings.SplitSeq(raw, "&") {
		if len(p.Violations) == maxViolations {
			return
		}
		if pair == "" {
			continue // a=1&&b=2 and a=1& say no less
		}
		written, text, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(written)
		if err != nil {
			name = written
		}
		refuse := func(rule problem.Rule, detail string) { p.AtParameter(shown(name), rule, detail) }
		switch at := strings.IndexAny(pair, ";#"); {
		case at >= 0:
			name, _, _ = strings.Cut(name, pair[at:at+1])
			refuse(problem.RuleMalformed, fmt.Sprintf("Write %s as %%%X, and & between parameters.", pair[at:at+1], pair[at]))
			continue
		case err != nil:
			refuse(problem.RuleMalformed, "The name has a % without two hexadecimal digits. Write % as %25.")
			continue
		case !utf8.ValidString(name) || strings.Contains(name, "\x00"):
			refuse(problem.RuleInvalidCharacter, "The name has bytes that are not UTF-8, or U+0000.")
			continue
		}
		known, ok := o.query[name]
		if !ok {
			refuse(problem.RuleUnknownParameter, o.unknown(name))
			continue
		}
		value, err := url.QueryUnescape(text)
		switch {
		case err != nil:
			refuse(problem.RuleMalformed, "The value has a % without two hexadecimal digits. Write % as %25.")
		case !utf8.ValidString(value):
			refuse(problem.RuleInvalidCharacter, "The value has bytes that are not UTF-8.")
		case strings.Contains(value, "\x00"):
			refuse(problem.RuleInvalidCharacter, "The text contains the character U+0000, which cannot be stored.")
		case known.list && value == "": // which ogen takes for a list that was not sent
			refuse(problem.RuleMinLength, "The list must not be empty. Leave the parameter out.")
		case known.kind == dateTime && strings.Contains(text, "+"):
			refuse(problem.RuleMalformed, "Write + as %2B: in a query it stands for a space.")
		case known.kind == "boolean" && value != "true" && value != "false":
			refuse(problem.RuleMalformed, "Must be true or false.")
		case (known.kind == "integer" || known.kind == "number") && !numeral(value):
			refuse(problem.RuleMalformed, "Must be a number as JSON has it.")
		case known.once && slices.Contains(once, name) && known.list:
			refuse(problem.RuleRepeated, "Send it once, with commas between its values.")
		case known.once && slices.Contains(once, name):
			refuse(problem.RuleRepeated, "Send it once.")
		case known.list && known.unique && known.allowed != nil:
			readList(value, known.allowed, refuse)
		}
		if known.once {
			once = append(once, name)
		}
	}
}

// readList refuses a list with commas that has a value which is not allowed, or one twice. A key of an order is the same in
// either direction: what comes second would order nothing.
func readList(list string, allowed []string, refuse func(problem.Rule, string)) {
	var space [8]string
	seen := space[:0]
	for value := range strings.SplitSeq(list, ",") {
		if !slices.Contains(allowed, value) {
			refuse(problem.RuleEnum, oneOf(allowed))
			return
		}
		key := value
		if up, ok := strings.CutPrefix(value, "-"); ok && slices.Contains(allowed, up) {
			key = up
		}
		if slices.Contains(seen, key) {
			refuse(problem.RuleRepeated, "The list has "+key+" more than once.")
			return
		}
		seen = append(seen, key)
	}
}

// numeral reports whether a text is a number of JSON (RFC 8259, section 6). strconv takes others: +1, 007, 0x1p4, inf.
func numeral(text string) bool {
	return text != "" && strings.IndexByte("-0123456789", text[0]) >= 0 && json.Valid([]byte(text))
}

// unknown says what to do about a name that the operation does not have.
func (o *operation) unknown(name string) string {
	for other := range o.query {
		if strings.EqualFold(other, name) {
			return "Write it as " + other + ": names are compared with their case."
		}
	}
	return "See the operation's parameters in the contract."
}

// shown is a name as an answer can hold it. One that is empty is shown as what follows it.
func shown(name string) string {
	if name == "" {
		return "="
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	return strings.ToValidUTF8(name, "\ufffd")
}

// readPath refuses parameters of the path with bytes that are not UTF-8, or with U+0000. The route is the path's template.
func readPath(route string, u *url.URL, p *problem.Error) {
	if utf8.ValidString(u.Path) && !strings.Contains(u.Path, "\x00") {
		return
	}
	names, values := strings.Split(route, "/"), strings.Split(u.EscapedPath(), "/")
	for i := range min(len(names), len(values)) {
		value, err := url.PathUnescape(values[i])
		if err != nil || !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			p.AtParameter(strings.Trim(names[i], "{}"), problem.RuleInvalidCharacter, "The value has bytes that are not UTF-8, or U+0000.")
		}
	}
}
