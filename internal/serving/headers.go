package serving

import (
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// errTwoTokens refuses a request with two Authorization headers: who checks the one and who believes the other need not be
// the same (RFC 6750, section 2).
var errTwoTokens = authn.Ambiguous("the request has more than one Authorization header")

// lists are the headers of a contract whose lines make one list (RFC 9110, section 5.3). All others may be sent once.
var lists = map[string]bool{"If-Match": true, "If-None-Match": true}

// readHeaders refuses headers of the contract that cannot be read in one way, and joins the lines of a list: ogen looks at
// the first.
func (o *operation) readHeaders(header http.Header, p *problem.Error) {
	for _, name := range o.headers {
		values := header[name]
		if len(values) > 1 {
			if !lists[name] {
				p.AtHeader(name, problem.RuleRepeated, "Send it once.")
				continue
			}
			values = []string{strings.Join(values, ", ")}
			header[name] = values
		}
		if len(values) == 1 && !utf8.ValidString(values[0]) {
			p.AtHeader(name, problem.RuleInvalidCharacter, "The value has bytes that are not UTF-8.")
		}
	}
}

// readBodyHeaders returns what is wrong with what the request says of its body; nil: nothing. Whether the media type is the
// operation's is for ogen to say.
func readBodyHeaders(w http.ResponseWriter, header http.Header) *problem.Error {
	for _, value := range header["Content-Encoding"] {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				w.Header().Set("Accept-Encoding", "identity") // RFC 9110, section 15.5.16
				return problem.New(problem.UnsupportedMediaType, problem.BodyCoded).
					AtHeader("Content-Encoding", problem.RuleMalformed, "No content coding is supported.")
			}
		}
	}
	types := header["Content-Type"]
	switch {
	case len(types) > 1:
		return problem.New(problem.UnsupportedMediaType, problem.ContentTypeRepeated).
			AtHeader("Content-Type", problem.RuleRepeated, "Send it once.")
	case len(types) == 0 || !strings.Contains(types[0], ";"):
		return nil
	}
	_, parameters, err := mime.ParseMediaType(types[0])
	if err != nil {
		return problem.New(problem.UnsupportedMediaType, problem.ContentTypeUnreadable).
			AtHeader("Content-Type", problem.RuleMalformed, "The value is no media type.")
	}
	// JSON has no parameters, and others than charset change nothing (RFC 8259, section 11; RFC 2045, section 5).
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return problem.New(problem.UnsupportedMediaType, problem.BodyNotInUTF8).
			AtHeader("Content-Type", problem.RuleMalformed, "JSON is UTF-8 (RFC 8259, section 8.1).")
	}
	return nil
}
