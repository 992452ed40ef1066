package apifuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
)

// Config of a run.
type Config struct {
	Document *Document
	// Codes are the problem codes that the server can answer, with their statuses.
	Codes map[string]int
	// Seed decides every choice.
	Seed uint64
	// Requests is how many are sent.
	Requests int
	// EpisodeLength is the most requests that one world gets. Defaults to 250.
	EpisodeLength int
	// NewWorld makes the world of an episode.
	NewWorld func(episode int) (*World, error)
	// MaxFailures ends the run early. Defaults to 10.
	MaxFailures int
}

// Report says what a run did.
type Report struct {
	Requests int
	Episodes int
	// Answers counts answers by operation and status, "" for requests that meant no operation.
	Answers map[string]map[int]int
	// Codes counts problems by code.
	Codes    map[string]int
	Failures []Failure
}

// Failure is an answer that is not what the contract promises.
type Failure struct {
	Number  int // of the request within the run
	Request string
	Answer  string
	Wrong   []string
	Cause   string // what the server logged
}

func (f Failure) String() string {
	out := fmt.Sprintf("request %d: %s\n%s\nanswer: %s", f.Number, strings.Join(f.Wrong, "; "), f.Request, f.Answer)
	if f.Cause != "" {
		out += "\ncause: " + f.Cause
	}
	return out
}

// Run sends requests until there are enough, and checks each answer. An error is one of the harness, not of the server.
func Run(c Config) (*Report, error) {
	if c.EpisodeLength == 0 {
		c.EpisodeLength = 250
	}
	if c.MaxFailures == 0 {
		c.MaxFailures = 10
	}
	checker, err := NewChecker(c.Document, c.Codes)
	if err != nil {
		return nil, err
	}
	report := &Report{Answers: map[string]map[int]int{}, Codes: map[string]int{}}
	random := rand.New(rand.NewPCG(c.Seed, 0))
	for report.Requests < c.Requests && len(report.Failures) < c.MaxFailures {
		world, err := c.NewWorld(report.Episodes)
		if err != nil {
			return nil, fmt.Errorf("make world %d: %w", report.Episodes, err)
		}
		report.Episodes++
		g := &generator{doc: c.Document, world: world, values: values{Rand: random}, sent: map[string]bool{}}
		g.idFor = g.id
		if _, err := world.Changed(); err != nil {
			return nil, err
		}
		for range c.EpisodeLength {
			if report.Requests >= c.Requests || len(report.Failures) >= c.MaxFailures {
				break
			}
			starved, err := g.step(checker, report)
			if err != nil {
				return nil, err
			}
			if starved {
				break
			}
		}
	}
	return report, nil
}

// idempotencyKey makes a POST happen once (draft-ietf-httpapi-idempotency-key-header).
const idempotencyKey = "Idempotency-Key"

// step sends one request. It reports whether the world is of no more use.
func (g *generator) step(checker *Checker, report *Report) (starved bool, err error) {
	r := g.next()
	request := r.http()
	if request == nil { // net/http would not have taken it
		return false, nil
	}
	key := r.Header.Get(idempotencyKey)
	r.Known = g.sent[key]
	if key != "" {
		g.sent[key] = true
	}
	recorder := httptest.NewRecorder()
	g.world.Handler.ServeHTTP(recorder, request)
	sent := recorder.Result().Header
	a := &Answer{Status: recorder.Code, Header: received(sent), Sent: sent, Body: recorder.Body.Bytes()}
	if a.Changed, err = g.world.Changed(); err != nil {
		return false, err
	}
	cause := g.world.Causes()
	report.count(r, a)
	if wrong := checker.Check(r, a); len(wrong) > 0 {
		report.Failures = append(report.Failures, Failure{
			Number: report.Requests, Request: r.String(), Wrong: wrong, Cause: cause,
			Answer: fmt.Sprintf("%d %s\n%s", a.Status, a.Header.Get("Content-Type"), firstLines(string(bytes.ToValidUTF8(a.Body[:min(len(a.Body), 2000)], []byte("?"))), 40)),
		})
	}
	g.learn(r, a)
	return r.Caller.Essential && (a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden), nil
}

// received are headers as a Go client has them, which reads ETag as Etag.
func received(sent http.Header) http.Header {
	header := http.Header{}
	for name, values := range sent {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	return header
}

func (report *Report) count(r *Request, a *Answer) {
	report.Requests++
	id := ""
	if r.Operation != nil {
		id = r.Operation.ID
	}
	if report.Answers[id] == nil {
		report.Answers[id] = map[int]int{}
	}
	report.Answers[id][a.Status]++
	var problem struct{ Code string }
	if a.Status >= 400 && json.Unmarshal(a.Body, &problem) == nil {
		report.Codes[problem.Code]++
	}
}

// learn keeps what later requests can use.
func (g *generator) learn(r *Request, a *Answer) {
	if tag := a.Header.Get("ETag"); tag != "" && len(g.etags) < 50 {
		g.etags = append(g.etags, tag)
	}
	if r.Operation == nil || a.Status >= 300 {
		return
	}
	if r.Header.Get(idempotencyKey) != "" && r.Hostile == "" && r.Caller.Essential && r.Repeats == nil && len(g.kept) < 50 {
		g.kept = append(g.kept, keptRequest{r, a})
	}
	collection := r.Operation.collection()
	switch r.Method {
	case http.MethodPost:
		if id := a.Header.Get("Location"); strings.HasPrefix(id, collection+"/") && len(g.world.IDs[collection]) < 200 {
			g.world.IDs[collection] = append(g.world.IDs[collection], strings.TrimPrefix(id, collection+"/"))
		}
	case http.MethodDelete:
		g.world.IDs[collection] = slices.DeleteFunc(g.world.IDs[collection], func(id string) bool { return strings.HasSuffix(r.Target, id) })
	case http.MethodGet:
		var list struct{ NextCursor string }
		if json.Unmarshal(a.Body, &list) == nil && list.NextCursor != "" && r.Caller == g.world.Callers[0] && r.Hostile == "" {
			target, err := url.Parse(r.Target)
			if err != nil {
				return
			}
			query := target.Query()
			query.Set("cursor", list.NextCursor)
			target.RawQuery = query.Encode()
			g.pages = append(g.pages[max(0, len(g.pages)-20):], page{r.Operation, target.String()})
		}
	}
}

// id returns the id of a row that the field can refer to, seldom one that does not exist.
func (g *generator) id(name string) string {
	ids := g.world.IDs[g.world.References[name]]
	if len(ids) == 0 {
		for _, path := range sortedKeys(g.world.IDs) {
			ids = append(ids, g.world.IDs[path]...)
		}
	}
	if len(ids) == 0 || g.chance(5) {
		return g.uuid()
	}
	return pick(g.Rand, ids)
}
