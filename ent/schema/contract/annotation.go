// Package contract holds the annotations with which an entity says how it appears in the API. Everything not annotated
// follows the conventions of docs/decisions/0002-contract.md.
package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"entgo.io/ent/schema"
)

// Verb names what a caller wants to do with an entity; `users:` + verb is the permission it needs.
type Verb string

// The verbs of generated operations. Read covers get, list and being expanded inside another entity.
const (
	Read   Verb = "read"
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
	List   Verb = "list"
)

// Annotation collects what one entity, field or edge says about its place in the contract. Use the constructors.
type Annotation struct {
	// Detail names the schema that the get operation answers, with the expansions it always carries.
	Detail *DetailView `json:"detail,omitempty"`
	// Platform lists the verbs that only a platform principal may use.
	Platform []Verb `json:"platform,omitempty"`
	// ServerOwned fields are answered and never accepted.
	ServerOwned bool `json:"serverOwned,omitempty"`
	// Access lists, by verb, the relations that open an entity to callers without its permission.
	Access map[Verb][]Relation `json:"access,omitempty"`
	// Guard hides a field from callers without a permission.
	Guard *FieldGuard `json:"guard,omitempty"`
	// Sort, Filter and Search name the fields that lists can be ordered by, narrowed by and searched in.
	Sort   []string `json:"sort,omitempty"`
	Filter []string `json:"filter,omitempty"`
	Search []string `json:"search,omitempty"`
	// Internal entities are no part of the API.
	Internal bool `json:"internal,omitempty"`
	// Without lists the operations that are not generated.
	Without []Verb `json:"without,omitempty"`
	// Example is a value that the field takes, for documentation and tests.
	Example string `json:"example,omitempty"`
	// Permissions says that the texts of a field are permissions of the API.
	Permissions bool `json:"permissions,omitempty"`
	// Transactional entities are created in a transaction, because a hook of theirs needs one.
	Transactional bool `json:"transactional,omitempty"`
	// Endings announce which operations, or that a field, will be gone.
	Endings []Ending `json:"endings,omitempty"`
	// Codes are the problems that the entity's own rules can answer, by verb.
	Codes map[Verb][]string `json:"codes,omitempty"`
	// OnDelete is what happens to the rows behind an edge when theirs is deleted; empty refuses.
	OnDelete Action `json:"onDelete,omitempty"`
	// Expiry says that rows of the entity expire; nil keeps them.
	Expiry *Expiry `json:"expiry,omitempty"`
	// Shape is the OpenAPI schema of a JSON field's Go type.
	Shape *Shape `json:"shape,omitempty"`
	// MaxItems, MaxItemLen and MaxBytes limit arrays of texts and JSON fields; 0 takes the default.
	MaxItems   uint64 `json:"maxItems,omitempty"`
	MaxItemLen uint64 `json:"maxItemLen,omitempty"`
	MaxBytes   uint64 `json:"maxBytes,omitempty"`
	// Distinct arrays hold each text once.
	Distinct bool `json:"distinct,omitempty"`
	// Email says that a text is an e-mail address.
	Email bool `json:"email,omitempty"`
	// Generated is the SQL expression that Postgres computes a field's column by.
	Generated string `json:"generated,omitempty"`
	// FullText is the column of words that lists are searched in; nil when there is none.
	FullText *FullTextColumn `json:"fullText,omitempty"`
	// Acyclic edges lead from no row back to itself, in however many steps.
	Acyclic bool `json:"acyclic,omitempty"`
	// AsText says that an integer is a text on the wire.
	AsText bool `json:"asText,omitempty"`
	// Checks are the CHECK constraints that the entity declares with a message.
	Checks []TableCheck `json:"checks,omitempty"`
	// Through names the edge of the join entity whose far side an edge shows, and the name it shows it under.
	Through *ThroughEdge `json:"through,omitempty"`
}

// DetailView is the answer of an entity's get operation: the entity and its default expansions.
type DetailView struct {
	Name   string   `json:"name"`
	Expand []string `json:"expand"`
}

// ThroughEdge shows the far side of a join entity: User.user_roles → UserRole.role as `roles`.
type ThroughEdge struct {
	Name string `json:"name"`
	Edge string `json:"edge"`
}

// RelationKind is how a caller can be related to a row.
type RelationKind string

// The relations.
const (
	SelfRelation    RelationKind = "self"
	ManagerRelation RelationKind = "manager"
)

// Relation ties a caller to a row by a field that holds a user's id.
type Relation struct {
	Kind  RelationKind `json:"kind"`
	Field string       `json:"field"`
}

// FieldGuard names the permission that shows a field, and the field that makes a row the caller's own.
type FieldGuard struct {
	Permission string `json:"permission"`
	Self       string `json:"self,omitempty"`
}

// Self relates a row to the user whose id its field holds: Self("id") on User is the user itself.
func Self(field string) Relation { return Relation{Kind: SelfRelation, Field: field} }

// ManagerOf relates a row to everyone above the user whose id its field holds, at any level.
func ManagerOf(field string) Relation { return Relation{Kind: ManagerRelation, Field: field} }

// Allow opens a verb to callers without its permission who are related to the row. Everything else stays closed: a list
// holds only the related rows, a get of another row answers that there is none.
func Allow(verb Verb, relations ...Relation) Annotation {
	return Annotation{Access: map[Verb][]Relation{verb: relations}}
}

// VisibleWith shows a field only to holders of the permission, and to the user whose id the field self holds (empty for
// nobody). To others it is null.
func VisibleWith(permission, self string) Annotation {
	return Annotation{Guard: &FieldGuard{Permission: permission, Self: self}}
}

// Sort names the fields that lists can be ordered by. Each needs an index that begins with it; generation fails without.
func Sort(fields ...string) Annotation { return Annotation{Sort: fields} }

// Filter names the fields that lists can be narrowed by: equality, one of several, ranges of times and numbers, null or not.
// Each needs an index that begins with it; generation fails without.
func Filter(fields ...string) Annotation { return Annotation{Filter: fields} }

// Search names the text fields that q looks in, for a part of the text in any case. It reads all rows of the tenant.
func Search(fields ...string) Annotation { return Annotation{Search: fields} }

// Internal keeps an entity out of the API: it has a table and an Ent client, and nothing else.
func Internal() Annotation { return Annotation{Internal: true} }

// Without leaves operations out: because there are none, or because a custom one stands in their place.
func Without(verbs ...Verb) Annotation { return Annotation{Without: verbs} }

// Example gives a value that the field takes, for the documentation: best one that the seed holds. It is needed where Match
// asks for a form that cannot be guessed. {{n}} in it stands for a text that makes it unique in tests.
func Example(value string) Annotation { return Annotation{Example: value} }

// Permissions says that the texts of a field are permissions of the API. The contract then says that others are refused;
// a hook has to refuse them.
func Permissions() Annotation { return Annotation{Permissions: true} }

// InTransaction creates rows of the entity in a transaction, for hooks that check or write more than the row.
func InTransaction() Annotation { return Annotation{Transactional: true} }

// Refuses documents a problem that rules of the entity's own answer to the verbs, by its code in internal/problem/table.go.
func Refuses(code string, verbs ...Verb) Annotation {
	codes := map[Verb][]string{}
	for _, verb := range verbs {
		codes[verb] = []string{code}
	}
	return Annotation{Codes: codes}
}

// Detail makes `GET /v1/<entity>/{id}` answer the schema name, which is the entity plus the named expansions. An
// expansion is an edge to many (`managed_users`) or the name given to Through (`roles`).
func Detail(name string, expand ...string) Annotation {
	return Annotation{Detail: &DetailView{Name: name, Expand: expand}}
}

// PlatformOnly reserves verbs for platform principals: callers that act on tenants, not inside one.
func PlatformOnly(verbs ...Verb) Annotation { return Annotation{Platform: verbs} }

// ServerOwned keeps a field out of create and update bodies: the server alone sets it.
func ServerOwned() Annotation { return Annotation{ServerOwned: true} }

// Through is for an edge to a join entity: it offers the entities on the far side of the join entity's edge as the
// expansion name, since entities link through a join entity and not by a many-to-many edge.
func Through(name, edge string) Annotation {
	return Annotation{Through: &ThroughEdge{Name: name, Edge: edge}}
}

// Name implements schema.Annotation.
func (Annotation) Name() string { return "Contract" }

// Merge implements schema.Merger: later annotations on the same element add to earlier ones.
func (a Annotation) Merge(other schema.Annotation) schema.Annotation {
	o, ok := other.(Annotation)
	if !ok {
		return a
	}
	if o.Detail != nil {
		a.Detail = o.Detail
	}
	if o.Through != nil {
		a.Through = o.Through
	}
	if o.Guard != nil {
		a.Guard = o.Guard
	}
	access := maps.Clone(a.Access)
	if access == nil {
		access = map[Verb][]Relation{}
	}
	for verb, relations := range o.Access {
		access[verb] = append(access[verb], relations...)
	}
	a.Access = access
	codes := maps.Clone(a.Codes)
	if codes == nil {
		codes = map[Verb][]string{}
	}
	for verb, more := range o.Codes {
		codes[verb] = append(codes[verb], more...)
	}
	a.Codes = codes
	if o.Example != "" {
		a.Example = o.Example
	}
	if o.OnDelete != "" {
		a.OnDelete = o.OnDelete
	}
	if o.Expiry != nil {
		a.Expiry = o.Expiry
	}
	if o.FullText != nil {
		a.FullText = o.FullText
	}
	a.Generated = cmp.Or(o.Generated, a.Generated)
	if o.Shape != nil {
		a.Shape = o.Shape
	}
	a.MaxItems, a.MaxItemLen, a.MaxBytes = cmp.Or(o.MaxItems, a.MaxItems), cmp.Or(o.MaxItemLen, a.MaxItemLen), cmp.Or(o.MaxBytes, a.MaxBytes)
	a.Distinct, a.Email, a.AsText = a.Distinct || o.Distinct, a.Email || o.Email, a.AsText || o.AsText
	a.Checks = append(a.Checks, o.Checks...)
	a.Endings = append(a.Endings, o.Endings...)
	a.Sort, a.Filter, a.Search = append(a.Sort, o.Sort...), append(a.Filter, o.Filter...), append(a.Search, o.Search...)
	a.Without = append(a.Without, o.Without...)
	a.Internal = a.Internal || o.Internal
	a.Permissions = a.Permissions || o.Permissions
	a.Transactional = a.Transactional || o.Transactional
	a.Acyclic = a.Acyclic || o.Acyclic
	a.Platform = append(a.Platform, o.Platform...)
	a.ServerOwned = a.ServerOwned || o.ServerOwned
	return a
}

// Of decodes the annotation from the map that Ent's graph carries; the zero value when there is none.
func Of(annotations map[string]any) (Annotation, error) {
	var a Annotation
	raw, ok := annotations[a.Name()]
	if !ok {
		return a, nil
	}
	encoded, err := json.Marshal(raw)
	if err != nil {
		return a, fmt.Errorf("encode contract annotation: %w", err)
	}
	if err := json.Unmarshal(encoded, &a); err != nil {
		return a, fmt.Errorf("decode contract annotation: %w", err)
	}
	return a, nil
}
