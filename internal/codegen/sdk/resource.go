package sdk

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// resource is a class of the SDK: the operations whose ids begin with its name.
type resource struct {
	Name    string // userRoles: the client's property
	Class   string // UserRolesResource
	File    string // user-roles
	Doc     string
	Methods []*method
	Types   []string // components its code names
}

// method is an operation as a method of its resource's class.
type method struct {
	Class         string // it belongs to
	Name          string
	Doc           string
	Deprecated    bool
	HTTP          string // GET
	Route         string // /v1/users/{id}
	Path          string // a TypeScript expression
	Arguments     []string
	Operation     string   // users.list
	PathArgs      []string // the arguments that are part of the path
	Query         []string // quoted names of the query parameters among the options
	QueryRequired bool
	Params        *structure // of a list's query
	Options       *structure // of the headers, and of any other query
	Expand        *expansion // what the result can be expanded by
	Item          string     // of a page: User
	Answer        string     // User: what is answered, or what a page has of it
	Result        string     // UserPage
	Returns       string     // ApiPromise<User>
	Send          string     // send<User>
	Call          []string   // further members of the transport's Call
	Expression    string     // a call
	Example       string     // a call, as statements
}

// structure is an exported interface for the parameters of one method.
type structure struct {
	Name    string
	Generic string // type parameters
	Doc     string
	Extends string
	Fields  []field
}

type field struct {
	Doc        string
	Deprecated bool
	Code       string
}

// order is the place of a method in its class; others follow by name.
var order = []string{"list", "get", "create", "update", "delete"}

// resources returns the classes the contract asks for, by name.
func (d *document) resources() ([]*resource, error) {
	found := map[string]*resource{}
	used := map[string]map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		item := d.Paths[path]
		for _, verb := range slices.Sorted(maps.Keys(item.Operations)) {
			op := item.Operations[verb]
			name, _, ok := strings.Cut(op.OperationID, ".")
			if !ok || !operationID.MatchString(op.OperationID) {
				return nil, fmt.Errorf("%s %s: got operationId %q, want the form users.list", strings.ToUpper(verb), path, op.OperationID)
			}
			if found[name] == nil {
				found[name] = &resource{Name: name, Class: pascal(name) + "Resource", File: kebab(name), Doc: d.tagDoc(name)}
				used[name] = map[string]bool{}
			}
			r := found[name]
			m, err := d.method(path, verb, item.Parameters, op, used[name])
			if err != nil {
				return nil, fmt.Errorf("operation %s: %w", op.OperationID, err)
			}
			if slices.ContainsFunc(r.Methods, func(o *method) bool { return o.Name == m.Name }) {
				return nil, fmt.Errorf("operation %s: the operationId is not unique", op.OperationID)
			}
			r.Methods = append(r.Methods, m)
		}
	}
	all := slices.SortedFunc(maps.Values(found), func(a, b *resource) int { return cmp.Compare(a.Name, b.Name) })
	for _, r := range all {
		r.Types = slices.Sorted(maps.Keys(used[r.Name]))
		slices.SortFunc(r.Methods, func(a, b *method) int {
			return cmp.Or(cmp.Compare(place(a.Name), place(b.Name)), cmp.Compare(a.Name, b.Name))
		})
	}
	return all, nil
}

func place(method string) int {
	if i := slices.Index(order, method); i >= 0 {
		return i
	}
	return len(order)
}

func (d *document) tagDoc(name string) string {
	for _, tag := range d.Tags {
		if tag.Name == name && tag.Description != "" {
			return tag.Description
		}
	}
	return "Operations on " + strings.ReplaceAll(kebab(name), "-", " ") + "."
}

// method reads one operation; used collects the names of the components its types need.
func (d *document) method(path, verb string, shared []*parameter, op *operation, used map[string]bool) (*method, error) {
	id := operationID.FindStringSubmatch(op.OperationID)
	m := &method{
		Class: pascal(id[1]) + "Resource", Name: id[2], Operation: op.OperationID, Doc: op.Summary, Deprecated: op.Deprecated, HTTP: strings.ToUpper(verb), Route: path, Path: quote(path),
	}
	if op.Description != "" && op.Description != op.Summary {
		m.Doc = strings.TrimSpace(m.Doc + "\n\n" + op.Description)
	}
	params, err := d.parameters(shared, op.Parameters)
	if err != nil {
		return nil, err
	}
	types := &printer{schemas: d.Components.Schemas, used: used}
	prefix := pascal(id[1]) + pascal(id[2])
	if err := m.path(path, params, types); err != nil {
		return nil, err
	}
	m.PathArgs = slices.Clone(m.Arguments)
	if op.RequestBody != nil {
		if err := m.body(d, op.RequestBody, types); err != nil {
			return nil, err
		}
	}
	q, err := d.query(prefix, params, types)
	if err != nil {
		return nil, err
	}
	h, err := headers(params, types)
	if err != nil {
		return nil, err
	}
	if err := m.returns(d, op.Responses, q, types); err != nil {
		return nil, err
	}
	if err := m.assemble(prefix, q, h); err != nil {
		return nil, err
	}
	m.Example, err = d.example(id[1], m, op, params)
	return m, err
}

// parameters returns the operation's own parameters and those of its path that it does not replace.
func (d *document) parameters(shared, own []*parameter) ([]*parameter, error) {
	var all []*parameter
	for _, p := range slices.Concat(shared, own) {
		p, err := d.parameter(p)
		if err != nil {
			return nil, err
		}
		same := func(o *parameter) bool { return o.Name == p.Name && o.In == p.In }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i] = p
		} else {
			all = append(all, p)
		}
	}
	return all, nil
}

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

func (m *method) path(path string, params []*parameter, types *printer) error {
	var missing error
	template := placeholder.ReplaceAllStringFunc(path, func(match string) string {
		name := match[1 : len(match)-1]
		i := slices.IndexFunc(params, func(p *parameter) bool { return p.In == "path" && p.Name == name })
		if i < 0 {
			missing = fmt.Errorf("the path names {%s}, which is no parameter", name)
			return match
		}
		t, err := types.typeOf(params[i].Schema)
		if err != nil {
			missing = err
		}
		m.Arguments = append(m.Arguments, argument(name)+": "+t)
		return "${" + argument(name) + "}"
	})
	if template != path {
		m.Path = "path`" + template + "`"
	}
	return missing
}
