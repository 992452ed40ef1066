package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/apifuzz"
)

// TestContractTestSeesFaults plants faults between the real handler and its callers: each must be found within a few
// hundred requests, and for the reason it is one.
func TestContractTestSeesFaults(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	doc, codes := readContract(t)
	worlds, episode := s.worlds(t, doc), 0
	replace := func(old, text string) func(*stack, *http.Request, *planted) {
		return func(_ *stack, _ *http.Request, p *planted) {
			p.body = bytes.Replace(p.body, []byte(old), []byte(text), 1)
		}
	}
	for name, fault := range map[string]struct {
		edit func(*stack, *http.Request, *planted)
		want string
	}{
		"server error":       {func(_ *stack, r *http.Request, p *planted) { p.onSuccess(r.Method == "GET", 503) }, "the server failed with status 503"},
		"undeclared success": {func(_ *stack, _ *http.Request, p *planted) { p.onSuccess(p.status == 201, 202) }, "status 202"},
		"missing field":      {replace(`"createdAt":`, `"created":`), `property "createdAt" is missing`},
		"undeclared field":   {replace(`{"id":`, `{"passwordHash":"x","id":`), "passwordHash is not declared"},
		"wrong type":         {replace(`"version":1`, `"version":"1"`), "value must be an integer"},
		"null":               {replace(`"displayName":"`, `"displayName":null,"x":"`), "displayName"},
		"undocumented code":  {replace(`"code":"not_found"`, `"code":"gone_fishing"`), `"gone_fishing" is not documented`},
		"code of another operation": {func(_ *stack, r *http.Request, p *planted) {
			if p.status == 404 && r.Method == "GET" && bytes.Contains(p.body, []byte(`"not_found"`)) {
				p.status = 409
				p.body = bytes.ReplaceAll(bytes.Replace(p.body, []byte(`"status":404`), []byte(`"status":409`), 1), []byte("not_found"), []byte("conflict"))
			}
		}, "is not one that the contract lists for"},
		"status and code differ": {func(_ *stack, _ *http.Request, p *planted) {
			if p.status == 422 {
				p.status = 400
			}
		}, "is documented with status 422 and came with 400"},
		"content type":      {func(_ *stack, _ *http.Request, p *planted) { p.header.Set("Content-Type", "text/html") }, "Content-Type"},
		"no location":       {func(_ *stack, _ *http.Request, p *planted) { p.header.Del("Location") }, `header "Location" missing`},
		"undeclared header": {func(_ *stack, _ *http.Request, p *planted) { p.header.Set("X-Powered-By", "x") }, "the header X-Powered-By is not declared"},
		"no request id": {func(_ *stack, _ *http.Request, p *planted) {
			if p.status == 200 {
				p.header.Del("X-Request-Id")
			}
		}, `header "X-Request-Id" missing`},
		"spelt otherwise": {func(_ *stack, _ *http.Request, p *planted) {
			const exact = "ETag"
			if tag, ok := p.header[exact]; ok { //nolint:staticcheck // SA1008: as the contract writes it
				delete(p.header, exact)
				p.header.Set(exact, tag[0])
			}
		}, "the header Etag is not declared"},
		"no challenge": {func(_ *stack, _ *http.Request, p *planted) { delete(p.header, "WWW-Authenticate") }, "without WWW-Authenticate"},
		"shown SQL":    {replace(`"detail":"`, `"detail":"violates foreign key `), "shows SQL"},
		"refused write": {func(s *stack, _ *http.Request, p *planted) {
			if p.status == 409 {
				s.exec(t, `UPDATE core.roles SET version = version + 1`)
			}
		}, "refused with status 409 and rows changed in roles"},
		"creation of nothing": {func(s *stack, r *http.Request, p *planted) {
			if p.status == 201 && r.Header.Get("Idempotency-Key") == "" {
				s.exec(t, `TRUNCATE watch.writes`)
			}
		}, "status 201 and no row was added"},
		"creation of nothing under a new key": {func(s *stack, r *http.Request, p *planted) {
			if p.status == 201 && r.Header.Get("Idempotency-Key") != "" {
				s.exec(t, `DELETE FROM watch.writes WHERE relation NOT LIKE '%idempotency_keys'`)
			}
		}, "status 201 and no row was added"},
		"writing read": {func(s *stack, r *http.Request, p *planted) {
			if r.Method == "GET" && p.status == 200 {
				s.exec(t, `UPDATE core.roles SET version = version + 1`)
			}
		}, "a read changed rows in roles"},
		"lost value": {func(_ *stack, r *http.Request, p *planted) {
			if r.Method == "POST" {
				p.body = bytes.Replace(p.body, []byte(`"displayName":"`), []byte(`"displayName":" `), 1)
			}
		}, "displayName was sent as"},
		"too strict": {func(_ *stack, r *http.Request, p *planted) {
			if p.status == 200 && r.Method == "GET" {
				// With a code that every read has: only that there was no reason is wrong.
				p.status, p.body = 400, []byte(strings.NewReplacer("ID", p.header.Get("X-Request-Id"), "422", "400",
					"validation_failed", "invalid_parameter", `"pointer":"/name"`, `"parameter":"limit"`).Replace(refusal))
				p.header.Set("Content-Type", "application/problem+json")
			}
		}, "breaks no rule of the contract was refused"},
		"too lax": {func(_ *stack, r *http.Request, p *planted) {
			if p.status == 400 && r.Method == "DELETE" {
				p.status, p.body = 204, nil
				p.header.Del("Content-Type")
			}
		}, "was accepted with status 204"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := apifuzz.Run(apifuzz.Config{
				Document: doc, Codes: codes, Seed: 7, Requests: 1500, MaxFailures: 1, EpisodeLength: 500,
				NewWorld: func(int) (*apifuzz.World, error) {
					episode++
					world, err := worlds(episode)
					if err == nil {
						world.Handler = plant(s, world.Handler, fault.edit)
					}
					return world, err
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Failures) == 0 {
				t.Fatalf("not found in %d requests", report.Requests)
			}
			if got := report.Failures[0].String(); !strings.Contains(got, fault.want) {
				t.Errorf("got\n%s\nwant a failure with %q", got, fault.want)
			}
		})
	}
}

const refusal = `{"type":"https://example.com/#validation_failed","title":"t","status":422,"detail":"d","code":"validation_failed","requestId":"ID",
	"errors":[{"pointer":"/name","code":"max_length","detail":"d"}]}`

// planted is an answer on its way to the caller.
type planted struct {
	status int
	header http.Header
	body   []byte
}

func (p *planted) onSuccess(which bool, status int) {
	if which && p.status < 300 {
		p.status = status
	}
}

func plant(s *stack, next http.Handler, edit func(*stack, *http.Request, *planted)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		p := &planted{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
		edit(s, r, p)
		for name, values := range p.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(p.body)))
		w.WriteHeader(p.status)
		_, _ = w.Write(p.body)
	})
}
