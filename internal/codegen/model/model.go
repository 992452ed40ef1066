// Package model is what the generators agree on: each entity of Ent's graph with the names, types and rules under which it
// appears in the contract, the handlers and the database. It is built once; contract and crud only render it.
package model

import (
	"cmp"
	"fmt"
	"slices"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Entity is one Ent schema as the API shows it.
type Entity struct {
	Node *gen.Type
	// Name is the contract's schema: UserRole.
	Name string
	// Go is ogen's type of that schema; empty until package wirenames fills it in.
	Go string
	// BaseGo is ogen's type of BaseName, empty likewise.
	BaseGo string
	// Resource is the operations' prefix and the SDK's property: userRoles.
	Resource string
	// Operations begins the names of ogen's methods: UserRoles; empty until package wirenames fills it in.
	Operations string
	// Path is the collection's URL: /v1/user-roles.
	Path string
	// Permission is the prefix of the permissions its verbs need: user_roles.
	Permission string
	// Comment is the schema's own sentence.
	Comment string
	// Versioned entities have ETags.
	Versioned bool
	// TenantOwned entities carry tenant_id and live behind both fences.
	TenantOwned bool
	// Fields in contract order: id, tenantId, the entity's own, the server's bookkeeping.
	Fields []*Field
	// Secrets are the fields that bodies take and no answer shows.
	Secrets []*Field
	// Expansions are the related entities an answer can carry.
	Expansions []*Expansion
	// Detail is the schema that get answers; nil when that is the plain entity.
	Detail *Detail
	// Sorts, Filters and Searches are the fields that lists can be ordered by, narrowed by and searched in.
	Sorts, Filters, Searches []*Field
	// FullText is the column of words that lists are searched in; nil when there is none.
	FullText *contract.FullTextColumn
	// Transactional entities are created in a transaction.
	Transactional bool

	// base says that an expansion shows rows of the entity without expansions.
	base     bool
	platform []contract.Verb
	without  []contract.Verb
	access   map[contract.Verb][]contract.Relation
	said     contract.Annotation
	// referrers are the references to rows of the entity.
	referrers []*Referrer
}

// Ending announces that an operation will be gone; nil when it stays.
func (e *Entity) Ending(verb contract.Verb) *contract.Ending { return e.said.EndingOf(verb) }

// Announce adds to what the schema says will be gone.
func (e *Entity) Announce(endings ...contract.Ending) {
	e.said.Endings = append(e.said.Endings, endings...)
}

// Checks are the CHECK constraints that the schema declares with a message.
func (e *Entity) Checks() []contract.TableCheck { return e.said.Checks }

// CheckMessage is what the CHECK says to whoever breaks it; empty for one without a message.
func (e *Entity) CheckMessage(name string) string {
	for _, c := range e.said.Checks {
		if c.Name == name {
			return c.Message
		}
	}
	return ""
}

// Refuses are the problem codes of the entity's own rules.
func (e *Entity) Refuses(verb contract.Verb) []string { return e.said.Codes[verb] }

// Detail is an entity's schema with its default expansions.
type Detail struct {
	Name       string
	Expansions []*Expansion
}

// Expansion shows related entities of one entity.
type Expansion struct {
	// Name in the contract: managedUsers.
	Name string
	// Go is the name of ogen's struct field, empty until package wirenames fills it in.
	Go string
	// Filter is the list parameter that narrows by an expansion through a join entity, FilterGo what ogen calls it.
	Filter, FilterGo string
	// Comment is the edge's own sentence.
	Comment string
	// Target is the entity shown.
	Target *Entity
	// Edge leads from the entity to Target, or to the join entity.
	Edge *gen.Edge
	// Single says that there is one row at most, shown as an object and not as an array.
	Single bool
	// One is the entity's field that holds Target's id; nil where Target's rows hold the entity's.
	One *Field
	// Circular says that Target's single rows lead back to the entity. They are shown by a type without expansions of its own:
	// one that holds itself has no size.
	Circular bool
	// Join is the join entity's edge to Target; nil when Edge is direct.
	Join *gen.Edge
	// Through is the join entity; nil when Edge is direct, or when no operation shows the join entity.
	Through *Entity
}

// Schema is the name of the schema that the expansion's rows have.
func (x *Expansion) Schema() string {
	if x.Circular {
		return x.Target.BaseName()
	}
	return x.Target.Name
}

// SchemaGo is ogen's type of that schema.
func (x *Expansion) SchemaGo() string {
	if x.Circular {
		return x.Target.BaseGo
	}
	return x.Target.Go
}

// Below are the expansions that the expansion's rows can have in turn.
func (x *Expansion) Below() []*Expansion {
	if x.Circular {
		return nil
	}
	return x.Target.Expansions
}

// BaseName is the schema of the entity's rows without expansions. It exists where HasBase.
func (e *Entity) BaseName() string { return e.Name + "Base" }

// HasBase reports whether any expansion shows the entity's rows without expansions.
func (e *Entity) HasBase() bool { return e.base }

// Views are the names of the schemas that show the entity's rows.
func (e *Entity) Views() []string {
	views := []string{e.Name}
	if e.HasBase() {
		views = append(views, e.BaseName())
	}
	if e.Detail != nil {
		views = append(views, e.Detail.Name)
	}
	return views
}

// Verbs returns the operations the entity offers. One with nothing to update has no update.
func (e *Entity) Verbs() []contract.Verb {
	verbs := []contract.Verb{contract.List, contract.Create, contract.Read, contract.Update, contract.Delete}
	return slices.DeleteFunc(verbs, func(v contract.Verb) bool {
		return v == contract.Update && len(e.Updatable()) == 0 || slices.Contains(e.without, v)
	})
}

// Has reports whether the entity offers the operation.
func (e *Entity) Has(verb contract.Verb) bool { return slices.Contains(e.Verbs(), verb) }

// PlatformOnly reports whether only platform principals may use the operation.
func (e *Entity) PlatformOnly(verb contract.Verb) bool { return slices.Contains(e.platform, verb) }

// PermissionFor returns the permission the operation needs: lists and single reads both need `read`.
func (e *Entity) PermissionFor(verb contract.Verb) string {
	if verb == contract.List {
		verb = contract.Read
	}
	return e.Permission + ":" + string(verb)
}

// Creatable returns the fields a create body may hold.
func (e *Entity) Creatable() []*Field {
	return e.fields(func(f *Field) bool { return !f.ServerOwned })
}

// Updatable returns the fields an update body may hold.
func (e *Entity) Updatable() []*Field {
	return e.fields(func(f *Field) bool { return !f.ServerOwned && !f.Immutable })
}

func (e *Entity) fields(keep func(*Field) bool) []*Field {
	var kept []*Field
	for _, f := range slices.Concat(e.Fields, e.Secrets) {
		if keep(f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// DetailName is the schema that get answers.
func (e *Entity) DetailName() string {
	if e.Detail != nil {
		return e.Detail.Name
	}
	return e.Name
}

// Build reads the graph. Its errors name the entity and field and say what to write instead.
func Build(graph *gen.Graph, found validators.Set) ([]*Entity, error) {
	entities := make([]*Entity, 0, len(graph.Nodes))
	byName := map[string]*Entity{}
	for _, node := range graph.MutableNodes() {
		annotation, err := contract.Of(node.Annotations)
		if err == nil {
			err = checkEdges(node)
		}
		if err != nil {
			return nil, fmt.Errorf("entity %s: %w", node.Name, err)
		}
		if annotation.Internal {
			continue
		}
		entity, err := newEntity(node, annotation, found)
		if err != nil {
			return nil, fmt.Errorf("entity %s: %w", node.Name, err)
		}
		entities = append(entities, entity)
		byName[node.Name] = entity
	}
	if err := tellApart(entities); err != nil {
		return nil, err
	}
	trees, err := ReadTrees(graph)
	if err != nil {
		return nil, err
	}
	for _, entity := range entities {
		for _, f := range entity.Fields {
			f.Acyclic = slices.ContainsFunc(trees, func(t Tree) bool { return t.Type == entity.Node && t.Field == f.Ent })
		}
		entity.readEdgesToOne(byName)
	}
	markCircles(entities)
	for _, entity := range entities {
		if err := entity.readEdges(byName); err != nil {
			return nil, fmt.Errorf("entity %s: %w", entity.Name, err)
		}
		if err := entity.nameMembers(); err != nil {
			return nil, fmt.Errorf("entity %s: %w", entity.Name, err)
		}
		entity.nameParameters()
	}
	for _, entity := range entities {
		if err := entity.readReferrers(graph.MutableNodes(), byName); err != nil {
			return nil, fmt.Errorf("entity %s: %w", entity.Name, err)
		}
	}
	slices.SortFunc(entities, func(a, b *Entity) int { return cmp.Compare(a.Name, b.Name) })
	return entities, nil
}

func newEntity(node *gen.Type, annotation contract.Annotation, found validators.Set) (*Entity, error) {
	if !node.HasOneFieldID() {
		return nil, fmt.Errorf("has no single id: give a join entity the TenantOwned mixin and unique index instead of a composite id")
	}
	comment := schemaComment(node)
	if comment == "" {
		return nil, fmt.Errorf("has no comment: add schema.Comment(\"…\") to its Annotations, it becomes the API's documentation")
	}
	entity := &Entity{
		Node:       node,
		Name:       node.Name,
		Resource:   camel(plural(snake(node.Name))),
		Path:       "/v1/" + plural(kebab(node.Name)),
		Permission: plural(snake(node.Name)),
		Comment:    comment,
		platform:   annotation.Platform,
		without:    annotation.Without,
		access:     annotation.Access,
		said:       annotation,
		FullText:   annotation.FullText,

		Transactional: annotation.Transactional,
	}
	id, err := newField(node, node.ID, found)
	if err != nil {
		return nil, err
	}
	id.ServerOwned = true
	entity.Fields = append(entity.Fields, id)
	for _, f := range node.Fields {
		if own, err := contract.Of(f.Annotations); f.Sensitive() && err == nil && own.ServerOwned {
			continue // neither accepted nor answered
		}
		field, err := newField(node, f, found)
		if err != nil {
			return nil, err
		}
		if field.Secret {
			entity.Secrets = append(entity.Secrets, field)
			continue
		}
		entity.Versioned = entity.Versioned || f.Name == "version" && field.Kind == Integer && ServerKept(f)
		entity.TenantOwned = entity.TenantOwned || f.StorageKey() == ddl.TenantColumn
		entity.Fields = append(entity.Fields, field)
	}
	// The entity's own fields first; what the server keeps for itself closes the object.
	slices.SortStableFunc(entity.Fields, func(a, b *Field) int { return cmp.Compare(a.rank(), b.rank()) })
	if err := entity.readLists(annotation); err != nil {
		return nil, err
	}
	if err := entity.checkSize(); err != nil {
		return nil, err
	}
	return entity, entity.checkAccess()
}
