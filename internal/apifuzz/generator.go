package apifuzz

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// generator makes requests for one world and learns from the answers: ids, cursors and tags.
type generator struct {
	values
	doc   *Document
	world *World
	etags []string
	keys  []string        // idempotency keys
	sent  map[string]bool // keys of which the handler knows
	pages []page
	kept  []keptRequest
	n     int
}

// keptRequest is a request that succeeded with an Idempotency-Key.
type keptRequest struct {
	request *Request
	answer  *Answer
}

// repeat sends a request again, or its key with a request of another body.
func (g *generator) repeat() *Request {
	kept := pick(g.Rand, g.kept)
	r := *kept.request
	if g.chance(60) {
		r.Repeats = kept.answer
		return &r
	}
	other := g.validRequest(r.Operation)
	r.Body, r.Target, r.Reuses = other.Body, other.Target, true
	if sameJSON(r.Body, kept.request.Body) {
		r.Repeats, r.Reuses = kept.answer, false
	}
	return &r
}

// sameJSON reports whether two bodies say the same, written differently or not: a key may repeat.
func sameJSON(a, b string) bool {
	var one, other any
	if json.Unmarshal([]byte(a), &one) != nil || json.Unmarshal([]byte(b), &other) != nil {
		return a == b
	}
	return reflect.DeepEqual(one, other)
}

// page is a list's next page.
type page struct {
	operation *Operation
	target    string
}

// next returns a request: mostly of the caller who may do everything, a third of them valid.
func (g *generator) next() *Request {
	g.n++
	op := pick(g.Rand, g.doc.Operations)
	if op.Method == http.MethodDelete && g.chance(50) {
		op = pick(g.Rand, g.doc.Operations) // deleted rows give later requests nothing to work on
	}
	if len(g.pages) > 0 && g.chance(4) {
		next := pick(g.Rand, g.pages)
		return &Request{Operation: next.operation, Method: http.MethodGet, Target: next.target, Header: http.Header{}, Caller: g.world.Callers[0]}
	}
	if len(g.kept) > 0 && g.chance(4) {
		return g.repeat()
	}
	r := g.validRequest(op)
	switch dice := g.IntN(100); {
	case dice < 38:
	case dice < 70:
		g.breakOne(r)
	case dice < 78:
		g.spoilBody(r)
	case dice < 84:
		g.decorate(r)
	case dice < 88:
		g.spoilType(r)
	case dice < 92:
		g.misroute(r)
	default:
		r.Caller = pick(g.Rand, g.world.Callers[1:])
	}
	return r
}

// validRequest is a request that breaks no rule of the contract.
func (g *generator) validRequest(op *Operation) *Request {
	r := &Request{Operation: op, Method: op.Method, Header: http.Header{}, Caller: g.world.Callers[0]}
	if caller, ok := g.world.Needs[op.ID]; ok {
		r.Caller = caller
	}
	path, query := op.Path, []string(nil)
	for _, p := range op.parameters {
		switch p.In {
		case openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(g.pathValue(op, p)))
		case openapi3.ParameterInQuery:
			if p.Required || p.Name != "cursor" && g.chance(25) {
				if value := g.valid(p.Name, p.Schema.Value); value != nil {
					query = append(query, encoded(p, value)...)
				}
			}
		case openapi3.ParameterInHeader:
			if p.Required || g.chance(25) {
				r.Header.Set(p.Name, g.headerText(p))
			}
		}
	}
	r.Target = path
	if len(query) > 0 {
		r.Target += "?" + strings.Join(query, "&")
	}
	if mediaType, schema := op.body(); schema != nil {
		r.Header.Set("Content-Type", mediaType)
		r.Body = g.validBody(op, schema)
	}
	return r
}

func (g *generator) pathValue(op *Operation, p *openapi3.Parameter) string {
	if p.Schema.Value.Format == "uuid" {
		if ids := g.world.IDs[op.collection()]; len(ids) > 0 && g.chance(85) {
			return pick(g.Rand, ids)
		}
		return g.uuid()
	}
	return plain(g.valid(p.Name, p.Schema.Value))
}

// validBody is generated from the schema, or one of the samples that are known to be accepted.
func (g *generator) validBody(op *Operation, schema *openapi3.Schema) string {
	if samples := g.world.Bodies[op.ID]; len(samples) > 0 && g.chance(50) {
		return g.world.fill(pick(g.Rand, samples), fmt.Sprintf("%08x", g.Uint32()))
	}
	return text(g.valid("", schema))
}

func text(value any) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("encode generated value: %v", err)) // values are made of JSON's own types only
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// breakOne breaks one rule of the contract, in the body, the path or the query.
func (g *generator) breakOne(r *Request) {
	type change struct {
		rule  string
		apply func()
	}
	var changes []change
	if _, schema := r.Operation.body(); schema != nil {
		for _, b := range g.invalid("", schema) {
			changes = append(changes, change{"body " + b.rule, func() { r.Body = text(b.value) }})
		}
	}
	path, query, _ := strings.Cut(r.Target, "?")
	pairs := strings.Split(query, "&")
	var bodies = len(changes)
	for _, p := range r.Operation.parameters {
		for _, b := range g.invalidParameter(p) {
			switch p.In {
			case openapi3.ParameterInPath:
				if value := url.PathEscape(plain(b.value)); value != "" && len(r.Operation.parameters) > 0 {
					changes = append(changes, change{"path " + b.rule, func() {
						r.Target = strings.ReplaceAll(r.Operation.Path, "{"+p.Name+"}", value)
					}})
				}
			case openapi3.ParameterInQuery:
				changes = append(changes, change{"query " + b.rule, func() {
					kept := slices.DeleteFunc(slices.Clone(pairs), func(pair string) bool {
						name, _ := url.QueryUnescape(pair)
						return pair == "" || strings.HasPrefix(name, p.Name+"=") || strings.HasPrefix(name, p.Name+"[")
					})
					r.Target = path + "?" + strings.Join(append(kept, encoded(p, b.value)...), "&")
				}})
			}
		}
	}
	if len(changes) == 0 {
		return
	}
	// A body has many more ways to be wrong than a path: give each side its share.
	from := changes
	if bodies > 0 && bodies < len(changes) && g.chance(20) {
		from = changes[bodies:]
	}
	c := pick(g.Rand, from)
	c.apply()
	r.Invalid = c.rule
}
