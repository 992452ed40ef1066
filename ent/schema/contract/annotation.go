// Package contract holds the annotations with which an entity says how it appears in the API. Everything not annotated
// follows the conventions of docs/decisions/0002-contract.md.
package contract

import (
	"encoding/json"
	"fmt"

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
