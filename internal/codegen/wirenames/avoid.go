// Package wirenames knows what ogen calls the contract's schemas, properties and parameters in Go: it has ogen avoid names
// that would be declared twice, and then reads the names from what ogen has made of the contract.
package wirenames

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/go-faster/yaml"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// Extensions by which ogen takes a name.
const (
	ofType       = "x-ogen-name"
	ofProperties = "x-ogen-properties"
)

// kept are the properties that handlers call as ogen does, in every schema: version stays Version beside a field Version.
var kept = strings.Fields("id tenantId version createdAt updatedAt data nextCursor totalCount totalCountRelation")

// methods are those that ogen gives structs.
var methods = strings.Fields("encode decode validate marshaljson unmarshaljson encodeuri decodeuri error additionalprops")

// declared are the identifiers of ogen's package that belong to no schema; primitives are the names of its own types, of which it
// makes others.
var (
	declared = strings.Fields(`errorhandler serveroption option middleware operationname route securityhandler handler server invoker client
		labeler unimplementedhandler bearer uri allowedheaders`)
	primitives = strings.Fields(`string int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 float32 float64 bool datetime date time
		duration uuid url ip ipv4 ipv6 mac decimal byte any null`)
)

// Avoid names what ogen would call as something else, in the copy of the contract that ogen reads. The same property has the
// same name in every schema.
func Avoid(spec *ogen.Spec) error {
	a := &avoidance{given: map[string]string{}, members: map[string]bool{}, taken: map[string]bool{}}
	for _, name := range declared {
		a.taken[name] = true
	}
	for _, name := range primitives {
		for _, box := range boxes[1:] {
			a.taken[box+name] = true
		}
	}
	components := slices.SortedFunc(maps.Keys(spec.Components.Schemas), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) // User before OptUser
	})
	for _, name := range components {
		a.findProperties(spec.Components.Schemas[name])
	}
	for _, property := range a.unnamed {
		a.give(property)
	}
	for _, name := range components {
		schema := spec.Components.Schemas[name]
		if a.taken[strings.ToLower(goName(name))] {
			extend(schema, ofType, text(a.free(goName(name)+"Entity")))
		}
		a.take(goName(name))
	}
	for _, name := range components {
		if err := a.nameSchema(goName(name), spec.Components.Schemas[name], true); err != nil {
			return fmt.Errorf("name the parts of %s: %w", name, err)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(spec.Paths)) {
		item := spec.Paths[path]
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			parameters := append(slices.Clone(item.Parameters), op.Parameters...)
			nameParameters(parameters)
			for _, p := range parameters {
				if err := a.nameSchema(goName(op.OperationID)+goName(p.Name), p.Schema, false); err != nil {
					return fmt.Errorf("name the parameter %s of %s: %w", p.Name, op.OperationID, err)
				}
			}
		}
	}
	return nil
}

type avoidance struct {
	unnamed []string          // properties for which ogen's own name would not do
	given   map[string]string // these → their name in Go
	members map[string]bool   // names of the others and of given ones, in lower case
	taken   map[string]bool   // types and constants, in lower case
}

// findProperties finds the properties of an object that ogen would call as another, or as a method.
func (a *avoidance) findProperties(s *ogen.Schema) {
	if s == nil {
		return
	}
	keys := map[string]bool{} // names in lower case
	for _, p := range slices.SortedStableFunc(slices.Values(s.Properties), func(a, b ogen.Property) int {
		return cmp.Compare(slices.Index(kept, b.Name), slices.Index(kept, a.Name))
	}) {
		key := strings.ToLower(goName(p.Name))
		if keys[key] || key == "" || slices.Contains(methods, key) || !ascii(p.Name) {
			a.unnamed = append(a.unnamed, p.Name)
			continue
		}
		keys[key], a.members[key] = true, true
	}
	for _, p := range s.Properties {
		if field := accessed(goName(p.Name)); keys[field] {
			a.unnamed = append(a.unnamed, p.Name)
		}
		a.findProperties(p.Schema)
	}
	if s.Items != nil {
		a.findProperties(s.Items.Item)
	}
}

// accessed is the field, in lower case, that a method of the name gets or sets; empty when it does neither.
func accessed(name string) string {
	key := strings.ToLower(name)
	if strings.HasPrefix(key, "get") || strings.HasPrefix(key, "set") {
		return key[len("get"):]
	}
	return ""
}

func (a *avoidance) give(property string) {
	if a.given[property] != "" {
		return
	}
	name := names.Go(property)
	if slices.Contains(methods, strings.ToLower(name)) || accessed(name) != "" {
		name += "Field"
	}
	for key := strings.ToLower(name); a.members[key] || a.members[accessed(name)] || a.members["get"+key] || a.members["set"+key]; key = strings.ToLower(name) {
		name += "Field"
	}
	a.given[property] = name
	a.members[strings.ToLower(name)] = true
}

// nameSchema names the properties of the schema that ogen calls name, and the types within it.
func (a *avoidance) nameSchema(name string, s *ogen.Schema, component bool) error {
	if s == nil || s.Ref != "" {
		return nil
	}
	if own := len(s.Enum) > 0 || len(s.Properties) > 0; own && !component {
		claims := []string{name}
		for _, value := range s.Enum {
			claims = append(claims, name+goName(strings.Trim(string(value), `"`)))
		}
		if slices.ContainsFunc(claims, a.has) {
			name = a.free(name + "Enum")
			extend(s, ofType, text(name))
			claims = []string{name}
		}
		for _, c := range claims {
			a.take(c)
		}
	}
	given := map[string]map[string]string{}
	for _, p := range s.Properties {
		if own := a.given[p.Name]; own != "" {
			given[p.Name] = map[string]string{"name": own}
		}
	}
	if len(given) > 0 {
		var node yaml.Node
		if err := node.Encode(given); err != nil {
			return fmt.Errorf("write %s: %w", ofProperties, err)
		}
		extend(s, ofProperties, node)
	}
	for _, p := range s.Properties {
		if err := a.nameSchema(name+goName(p.Name), p.Schema, false); err != nil {
			return err
		}
	}
	if s.Items != nil {
		return a.nameSchema(name+"Item", s.Items.Item, false)
	}
	return nil
}

// boxes are what ogen puts before the name of a type that may be absent, null or both.
var boxes = []string{"", "opt", "nil", "optnil"}

// has reports whether a type of the name, or one made of it, is there.
func (a *avoidance) has(name string) bool {
	return slices.ContainsFunc(boxes, func(box string) bool { return a.taken[box+strings.ToLower(name)] })
}

func (a *avoidance) take(name string) {
	for _, box := range boxes {
		a.taken[box+strings.ToLower(name)] = true
	}
}

// free is the first of name, nameEnum, nameEnumEnum… that no type has.
func (a *avoidance) free(name string) string {
	for a.has(name) {
		name += "Enum"
	}
	return name
}

// nameParameters names parameters of one operation that ogen would call alike.
func nameParameters(parameters []*ogen.Parameter) {
	taken := names.Set{}
	for _, p := range parameters {
		key := strings.ToLower(goName(p.Name))
		if !taken[key] && key != "" && ascii(p.Name) {
			taken[key] = true
			continue
		}
		name := names.Go(p.Name)
		for taken[strings.ToLower(name)] {
			name += "Field"
		}
		taken[strings.ToLower(name)] = true
		if p.Common.Extensions == nil {
			p.Common.Extensions = ogen.Extensions{}
		}
		p.Common.Extensions[ofType] = text(name)
	}
}

// goName is what ogen makes of a name, but for initialisms: names are compared in lower case.
func goName(name string) string {
	var out strings.Builder
	upper := true
	for _, r := range name {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			upper = true
			continue
		}
		if upper {
			r = unicode.ToUpper(r)
		}
		upper = false
		out.WriteRune(r)
	}
	return out.String()
}

func ascii(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
}

func extend(s *ogen.Schema, name string, value yaml.Node) {
	if s.Common.Extensions == nil {
		s.Common.Extensions = ogen.Extensions{}
	}
	s.Common.Extensions[name] = value
}

func text(value string) yaml.Node {
	return yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
