package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
)

// Rule is who may use one verb of an entity.
type Rule struct {
	Verb       contract.Verb
	Permission string
	Platform   bool
	// Self and Manager are columns that hold a user's id.
	Self, Manager []string
}

// Verbs that rules are about; a list is a read.
var ruleVerbs = []contract.Verb{contract.Read, contract.List, contract.Create, contract.Update, contract.Delete}

// Rules returns a rule for every verb the entity offers.
func (e *Entity) Rules() []Rule {
	var rules []Rule
	for _, verb := range ruleVerbs {
		if e.Has(verb) {
			rules = append(rules, e.Rule(verb))
		}
	}
	return rules
}

// Rule returns who may use the verb. Lists follow the rule of read, except that the platform may keep them to itself.
func (e *Entity) Rule(verb contract.Verb) Rule {
	rule := Rule{Verb: verb, Permission: e.PermissionFor(verb), Platform: e.PlatformOnly(verb)}
	if verb == contract.List {
		verb = contract.Read
	}
	for _, relation := range e.access[verb] {
		switch relation.Kind {
		case contract.SelfRelation:
			rule.Self = append(rule.Self, relation.Field)
		case contract.ManagerRelation:
			rule.Manager = append(rule.Manager, relation.Field)
		}
	}
	return rule
}

// Permissions returns every permission that the entity's operations and fields ask for.
func (e *Entity) Permissions() []string {
	set := map[string]bool{}
	for _, rule := range e.Rules() {
		if !rule.Platform {
			set[rule.Permission] = true
		}
	}
	for _, f := range e.Fields {
		if f.Guard != nil {
			set[f.Guard.Permission] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// checkAccess refuses declarations that could not be enforced.
func (e *Entity) checkAccess() error {
	holdsUser := func(name string) error {
		for _, f := range e.Fields {
			if f.Name == name && f.Kind == UUID && f.GoType == "uuid.UUID" {
				return nil
			}
		}
		return fmt.Errorf("its access is declared by the field %q, which is no UUID field of it", name)
	}
	for verb, relations := range e.access {
		if verb == contract.Create || verb == contract.List {
			return fmt.Errorf("contract.Allow(%s): a relation needs a row; declare it for read, update or delete", verb)
		}
		for _, relation := range relations {
			if !e.TenantOwned {
				return fmt.Errorf("contract.Allow(%s): relations are between users and rows of their tenant, and this entity is global", verb)
			}
			if err := holdsUser(relation.Field); err != nil {
				return err
			}
		}
	}
	if !e.TenantOwned && strings.HasPrefix(e.Node.Table(), ddl.PlatformPrefix) {
		for _, verb := range e.Verbs() {
			if !e.PlatformOnly(verb) {
				return fmt.Errorf("row-level security keeps the table %s, as all whose names begin with %s, from every tenant, and tenants may %s its rows: "+
					"give the entity another name, or add contract.PlatformOnly(contract.%s)", e.Node.Table(), ddl.PlatformPrefix, verb, strings.ToUpper(string(verb[:1]))+string(verb[1:]))
			}
		}
	}
	for _, f := range e.Fields {
		if f.Guard == nil {
			continue
		}
		if name := f.Name; name == e.Node.ID.Name || f.Ent.StorageKey() == ddl.TenantColumn || name == "version" && e.Versioned {
			return fmt.Errorf("field %s is hidden by contract.VisibleWith, and answers cannot do without it: take the annotation away", name)
		}
		if f.Kind == TextList || f.Kind == Bytes || f.Kind == JSON {
			return fmt.Errorf("field %s is hidden by contract.VisibleWith, which a list, JSON or bytes cannot be: null would be read as empty", f.Name)
		}
		if f.Guard.Self != "" {
			if err := holdsUser(f.Guard.Self); err != nil {
				return err
			}
		}
	}
	return nil
}
