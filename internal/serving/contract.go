package serving

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// operation is what the contract says about the requests of one operation, as far as it is held to it outside of ogen.
type operation struct {
	// query are its parameters by their names as they stand in a URL: createdAt[gte].
	query map[string]parameter
	// headers are its parameters of headers, by their names as http.Header has them.
	headers []string
	// enums are the values that its parameters of path and headers allow, where those are enumerations.
	enums map[string][]string
	// ranges say which numbers its parameters of path and headers allow, where those have bounds.
	ranges map[string]string
	// body is the schema of its JSON body; nil: none.
	body *schema
}

// parameter is one of the query.
type parameter struct {
	// once says that it may not be repeated.
	once bool
	// list says that it holds values with commas between them, and unique that each may stand there once.
	list, unique bool
	// kind is the type of its values, or date-time for a text with an offset such as +02:00.
	kind string
	// allowed are the values of an enumeration; nil: it is none.
	allowed []string
	// bounds say which numbers it takes; empty: it has none.
	bounds string
}

// operations are those of the contract, by operation id.
type operations map[string]*operation

// schema is what is read of the contract's schemas.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Enum       []any
	Unique     bool `json:"uniqueItems"`
	Minimum    json.Number
	Maximum    json.Number
	Items      *schema
	Properties map[string]*schema
	AllOf      []*schema
}

// schemas are the contract's components.
type schemas map[string]*schema

// of follows references.
func (all schemas) of(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = all[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	if s != nil && len(s.AllOf) == 1 {
		return all.of(s.AllOf[0])
	}
	return s
}

// allowed are the values of an enumeration, or of the items of an array of it; nil: it is none.
func (all schemas) allowed(s *schema) []string {
	s = all.of(s)
	if s != nil && s.Type == "array" {
		s = all.of(s.Items)
	}
	if s == nil {
		return nil
	}
	var values []string
	for _, v := range s.Enum {
		if v == nil {
			values = append(values, "null")
			continue
		}
		values = append(values, fmt.Sprint(v))
	}
	return values
}

// bounds say which numbers a schema takes, or the items of an array of it; empty: it has no bounds.
func (all schemas) bounds(s *schema) string {
	s = all.of(s)
	if s != nil && s.Type == "array" {
		s = all.of(s.Items)
	}
	switch {
	case s == nil || s.Minimum == "" && s.Maximum == "":
		return ""
	case s.Maximum == "":
		return fmt.Sprintf("Must be %s or more.", s.Minimum)
	case s.Minimum == "":
		return fmt.Sprintf("Must be %s or less.", s.Maximum)
	}
	return fmt.Sprintf("Must be from %s to %s.", s.Minimum, s.Maximum)
}

// kind is a schema's type, or date-time for a text of that format.
func (all schemas) kind(s *schema) string {
	s = all.of(s)
	switch {
	case s == nil:
		return ""
	case s.Format == dateTime:
		return dateTime
	}
	return s.Type
}

// dateTime is the format of a time with an offset.
const dateTime = "date-time"

// at is the schema of the value that a JSON Pointer names; nil where the contract has none.
func (all schemas) at(s *schema, pointer string) *schema {
	s = all.of(s)
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch {
		case s == nil:
			return nil
		case s.Type == "array":
			if _, err := strconv.Atoi(token); err != nil {
				return nil
			}
			s = all.of(s.Items)
		default:
			s = all.of(s.Properties[strings.NewReplacer("~1", "/", "~0", "~").Replace(token)])
		}
	}
	return s
}

// readOperations reads them from the contract.
func readOperations(contract []byte) (operations, schemas, error) {
	var document struct {
		Components struct{ Schemas schemas }
		Paths      map[string]map[string]struct {
			OperationID string
			Security    *[]map[string][]string
			Parameters  []struct {
				Name, In, Style string
				Explode         *bool
				Schema          *schema
			}
			RequestBody *struct {
				Content map[string]struct{ Schema *schema }
			}
		}
	}
	if err := json.Unmarshal(contract, &document); err != nil {
		return nil, nil, fmt.Errorf("read embedded contract: %w", err)
	}
	all, known := document.Components.Schemas, operations{}
	for path, methods := range document.Paths {
		for method, op := range methods {
			if op.Security != nil && len(*op.Security) == 0 {
				return nil, nil, fmt.Errorf("%s %s of the embedded contract asks for no token: nothing would refuse unknown parameters", strings.ToUpper(method), path)
			}
			o := &operation{query: map[string]parameter{}, enums: map[string][]string{}, ranges: map[string]string{}}
			for _, p := range op.Parameters {
				s := all.of(p.Schema)
				switch {
				case p.In == "header":
					o.headers = append(o.headers, http.CanonicalHeaderKey(p.Name))
					fallthrough
				case p.In != "query":
					if values := all.allowed(s); values != nil {
						o.enums[p.Name] = values
					}
					if bounds := all.bounds(s); bounds != "" {
						o.ranges[p.Name] = bounds
					}
				case s != nil && p.Style == "deepObject":
					for name, property := range s.Properties {
						o.query[p.Name+"["+name+"]"] = parameter{once: true, kind: all.kind(property), allowed: all.allowed(property), bounds: all.bounds(property)}
					}
				case s != nil && s.Type == "array":
					list := p.Explode != nil && !*p.Explode
					o.query[p.Name] = parameter{once: list, list: list, unique: s.Unique, kind: all.kind(s.Items), allowed: all.allowed(s), bounds: all.bounds(s)}
				default:
					o.query[p.Name] = parameter{once: true, kind: all.kind(s), allowed: all.allowed(s), bounds: all.bounds(s)}
				}
			}
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Content {
					o.body = media.Schema
				}
			}
			known[op.OperationID] = o
		}
	}
	return known, all, nil
}

// Bounds of an enumeration that a problem lists.
const (
	maxListed      = 30
	maxListedBytes = 400
)

// oneOf says which values there are: a request that is wrong can be mended without the contract at hand.
func oneOf(values []string) string {
	text := "Must be one of: "
	for i, v := range values {
		if i > 0 {
			text += ", "
		}
		if i == maxListed || len(text)+len(v) > maxListedBytes {
			return text + fmt.Sprintf("… %d more are in the contract.", len(values)-i)
		}
		text += v
	}
	return text + "."
}

// allowances know what a violation's place allows.
type allowances struct {
	operations operations
	schemas    schemas
}

// detail says what is allowed where the violation is, as far as the contract lists values or has bounds; otherwise it is what
// the violation says itself.
func (a allowances) detail(operation string, v problem.Violation) string {
	o := a.operations[operation]
	if o == nil || v.Rule != problem.RuleEnum && v.Rule != problem.RuleRange {
		return v.Detail
	}
	values, bounds := a.at(o, v)
	switch {
	case v.Rule == problem.RuleEnum && values != nil:
		return oneOf(values)
	case v.Rule == problem.RuleRange && bounds != "":
		return bounds
	}
	return v.Detail
}

// at are the values of an enumeration, and the bounds of a number, that are allowed where the violation is.
func (a allowances) at(o *operation, v problem.Violation) (values []string, bounds string) {
	switch {
	case v.Header != "":
		return o.enums[v.Header], o.ranges[v.Header]
	case v.Parameter != "":
		if known, ok := o.query[v.Parameter]; ok {
			return known.allowed, known.bounds
		}
		return o.enums[v.Parameter], o.ranges[v.Parameter]
	case o.body == nil, len(v.Pointers) > 0:
		return nil, ""
	}
	s := a.schemas.at(o.body, v.Pointer)
	return a.schemas.allowed(s), a.schemas.bounds(s)
}
