package apifuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Answer is what a request got.
type Answer struct {
	Status int
	// Header has names as http.Header.Get looks for them, Sent as they were sent.
	Header, Sent http.Header
	Body         []byte
	// Changed are the tables whose rows are not what they were before the request.
	Changed []string
}

// added says whether rows changed besides those of the kept answers, which a request with an Idempotency-Key adds by itself.
func (a *Answer) added() bool {
	return slices.ContainsFunc(a.Changed, func(table string) bool { return !strings.HasSuffix(table, "idempotency_keys") })
}

// Checker holds answers to the contract.
type Checker struct {
	doc   *Document
	codes map[string]int
	style *openapi3filter.Options
	any   *openapi3.Operation // stands for requests that reach no operation: failures only
}

// NewChecker returns a checker; codes are those of all problems, with their statuses.
func NewChecker(doc *Document, codes map[string]int) (*Checker, error) {
	failure := doc.Operations[0].operation.Responses.Default()
	if failure == nil {
		return nil, fmt.Errorf("operation %s has no default answer", doc.Operations[0].ID)
	}
	return &Checker{
		doc: doc, codes: codes,
		style: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			SchemaValidationOptions: []openapi3.SchemaValidationOption{
				openapi3.EnableFormatValidation(),
				openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
					"uuid":    openapi3.NewRegexpFormatValidator(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`),
					"decimal": openapi3.NewRegexpFormatValidator(`^-?[0-9]+(\.[0-9]+)?$`),
				}),
			},
		},
		any: &openapi3.Operation{Responses: openapi3.NewResponses(openapi3.WithName("default", failure.Value))},
	}, nil
}

// structural are the codes of violations that the contract itself could have told: a request that breaks none of its
// rules must not be answered with one of them.
var structural = []string{"required", "min_length", "max_length", "pattern", "enum", "range", "malformed", "unknown_field", "trailing_data"}

// Check returns what is wrong with the answer; nothing when it is what the contract promises.
func (c *Checker) Check(r *Request, a *Answer) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	refused := a.Status >= 400
	if a.Status >= 500 {
		say("the server failed with status %d", a.Status)
	}
	wrong = append(wrong, c.conforms(r, a)...)
	switch {
	case refused && len(a.Changed) > 0:
		say("the request was refused with status %d and rows changed in %s", a.Status, strings.Join(a.Changed, ", "))
	case r.Repeats != nil && a.Status < 400 && (a.Status != r.Repeats.Status || !bytes.Equal(a.Body, r.Repeats.Body) || len(a.Changed) > 0):
		say("a repeated request was answered differently or done twice, at first: %d %s", r.Repeats.Status, r.Repeats.Body)
	case r.Reuses && !refused:
		say("an Idempotency-Key was accepted with another body")
	case r.Method == http.MethodGet && len(a.Changed) > 0:
		say("a read changed rows in %s", strings.Join(a.Changed, ", "))
	case r.Operation != nil && a.Status == http.StatusCreated && !a.added() && !r.Known:
		say("status 201 and no row was added")
	case r.Operation == nil && !refused:
		say("a request that the contract does not have was answered with status %d", a.Status)
	case r.Invalid != "" && !refused:
		say("a request that breaks the contract (%s) was accepted with status %d", r.Invalid, a.Status)
	}
	if r.Operation != nil && r.Operation.writes() && !refused && r.Hostile == "" && r.Caller.Essential {
		if _, schema := r.Operation.body(); schema != nil {
			wrong = append(wrong, lost([]byte(r.Body), a.Body, schema)...)
		}
	}
	if refused {
		wrong = append(wrong, c.checkProblem(r, a)...)
	} else if a.Status == http.StatusNoContent && len(a.Body) > 0 {
		say("status 204 with a body")
	}
	return wrong
}

// conforms compares status, headers, content type and body with the operation's declaration.
func (c *Checker) conforms(r *Request, a *Answer) []string {
	operation, item, path := c.any, &openapi3.PathItem{}, r.Target
	if r.Operation != nil {
		operation, item, path = r.Operation.operation, r.Operation.item, r.Operation.Path
	}
	response := operation.Responses.Status(a.Status)
	if response == nil {
		// A caller of an operation may rely on its list: default is for what comes later, and for requests that reach none.
		if response = operation.Responses.Default(); a.Status < 400 || response == nil || r.Operation != nil {
			return []string{fmt.Sprintf("status %d is not declared", a.Status)}
		}
	}
	request := r.http()
	err := openapi3filter.ValidateResponse(request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: request,
			Route:   &routers.Route{Spec: c.doc.spec, Path: path, PathItem: item, Method: r.Method, Operation: operation},
		},
		Status: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), Options: c.style,
	})
	if err != nil {
		return []string{"the answer is not the contract's: " + firstLines(err.Error(), 12)}
	}
	if wrong := unannounced(response.Value.Headers, a.Sent); wrong != nil {
		return wrong
	}
	mediaType := response.Value.Content.Get(a.Header.Get("Content-Type"))
	if mediaType == nil || len(a.Body) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(a.Body, &value); err != nil {
		return []string{"the body is no JSON: " + err.Error()}
	}
	return undeclared("", mediaType.Schema.Value, value)
}

// ofHTTP are the headers that mean the same on every answer of every server, which contracts do not list.
var ofHTTP = []string{
	"Accept-Patch", "Accept-Post", "Allow", "Cache-Control", "Connection", "Content-Length", "Content-Security-Policy", "Content-Type", "Date", "Referrer-Policy", "Vary",
	"X-Content-Type-Options", "X-Frame-Options",
}

// unannounced finds headers that the contract does not declare, or writes in another way: nobody would know to read them.
// Clients that keep headers in a map by their names would not find Etag where the contract says ETag.
func unannounced(declared openapi3.Headers, sent http.Header) []string {
	var wrong []string
	for name := range sent {
		if declared[name] == nil && !slices.Contains(ofHTTP, name) && !strings.HasPrefix(name, "Access-Control-") {
			wrong = append(wrong, fmt.Sprintf("the header %s is not declared", name))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// undeclared finds members of objects that their schemas do not name: what is not in the contract must not leave.
func undeclared(pointer string, s *openapi3.Schema, value any) []string {
	var wrong []string
	switch value := value.(type) {
	case map[string]any:
		if len(s.Properties) == 0 { // free-form
			return nil
		}
		for name, member := range value {
			property := s.Properties[name]
			if property == nil {
				if s.AdditionalProperties.Schema == nil {
					wrong = append(wrong, fmt.Sprintf("member %s/%s is not declared", pointer, name))
				}
				continue
			}
			wrong = append(wrong, undeclared(pointer+"/"+name, property.Value, member)...)
		}
	case []any:
		for i, item := range value {
			if s.Items != nil {
				wrong = append(wrong, undeclared(fmt.Sprintf("%s/%d", pointer, i), s.Items.Value, item)...)
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// checkProblem holds a failure to what is documented of its code, and to the codes that its operation lists.
func (c *Checker) checkProblem(r *Request, a *Answer) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if r.Method == http.MethodHead {
		return nil
	}
	var problem struct {
		Type, Code, RequestID string
		Status                int
		Errors                []struct {
			Pointer, Parameter, Header *string
			Pointers                   []string
			Code, Detail               string
		}
	}
	if err := json.Unmarshal(a.Body, &problem); err != nil {
		return []string{"the problem cannot be read: " + err.Error()}
	}
	switch status, documented := c.codes[problem.Code]; {
	case !documented:
		say("the code %q is not documented", problem.Code)
	case status != a.Status:
		say("the code %s is documented with status %d and came with %d", problem.Code, status, a.Status)
	}
	if r.Operation != nil && !slices.Contains(r.Operation.codes(), problem.Code) {
		say("the code %s is not one that the contract lists for %s", problem.Code, r.Operation.ID)
	}
	if r.Operation != nil && !slices.Contains(r.Operation.codesAt(a.Status), problem.Code) {
		say("the code %s is not one that the contract shows for status %d of %s", problem.Code, a.Status, r.Operation.ID)
	}
	if problem.Status != a.Status {
		say("the problem says status %d, the answer %d", problem.Status, a.Status)
	}
	if !strings.HasSuffix(problem.Type, "#"+problem.Code) {
		say("the problem's type %q does not point to its code %s", problem.Type, problem.Code)
	}
	if problem.RequestID == "" || problem.RequestID != a.Header.Get("X-Request-Id") {
		say("the problem's requestId %q is not the header's %q", problem.RequestID, a.Header.Get("X-Request-Id"))
	}
	if a.Status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "" {
		say("status 401 without WWW-Authenticate")
	}
	if a.Status == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "" {
		say("status 405 without Allow")
	}
	for _, v := range problem.Errors {
		var where string
		places := 0
		for _, place := range []*string{v.Pointer, v.Parameter, v.Header} {
			if place != nil {
				where, places = *place, places+1
			}
		}
		if len(v.Pointers) > 0 {
			where, places = strings.Join(v.Pointers, " and "), places+1
		}
		if places != 1 || len(v.Pointers) == 1 {
			say("a violation says %d times where it is, not once by pointer, parameter, header, or the pointers of several members", places)
		}
		if sqlText.MatchString(v.Detail) {
			say("a violation shows SQL: %s", v.Detail)
		}
		if r.Operation != nil && r.Invalid == "" && r.Hostile == "" && slices.Contains(structural, v.Code) {
			say("a request that breaks no rule of the contract was refused: %s %s: %s", where, v.Code, v.Detail)
		}
	}
	if sqlText.Match(a.Body) {
		say("the problem shows SQL")
	}
	return wrong
}

var sqlText = regexp.MustCompile(`(?i)SQLSTATE|pq:|violates |INSERT INTO|SELECT .* FROM|relation "`)

func firstLines(text string, n int) string {
	lines := strings.SplitN(text, "\n", n+1)
	if len(lines) > n {
		lines = append(lines[:n], "…")
	}
	return strings.Join(lines, "\n")
}
