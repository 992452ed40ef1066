package names

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
)

// entityName is what entities can be called: file names, paths and identifiers of two languages are made of it.
var entityName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// shared are the packages and files of ent/ that belong to no entity, by the lower-case name that an entity would have to
// have to write there.
var shared = strings.Fields("client ent enttest hook intercept internal migrate mutation predicate privacy runtime schema tx")

// unimportable are the packages that Go imports from nowhere, or not by that name: v2 would be the second version of ent.
var unimportable = regexp.MustCompile(`^(init|main|vendor|v[0-9]+)$`)

// shared identifiers of package ent. A test compares them with what is generated.
var sharedIdents = strings.Fields(`AggregateFunc As Asc Client CommitFunc CommitHook Committer ConstraintError Count Debug Desc Driver Hook
	Interceptor InterceptFunc Log Max Mean Min MutateFunc Mutation Mutator NewClient NewContext NewTxContext NotFoundError NotLoadedError
	NotSingularError FromContext TxFromContext MaskNotFound IsConstraintError IsNotFound IsNotLoaded IsNotSingular IsValidationError
	OpCreate OpDelete OpDeleteOne OpUpdate OpUpdateOne Op Open Option OrderFunc Policy Querier QuerierFunc Query QueryContext RollbackFunc
	RollbackHook Rollbacker Sum TraverseFunc Traverser Tx ValidationError Value Values AlternateSchema SchemaConfig ErrTxStarted
	checkColumn clientCtxKey columnCheck config hooks init initCheck inters newConfig newTx querierAll querierCount queryHook scanWithInterceptors selector
	setContextOp txCtxKey txDriver withHooks withInterceptors`)

// partsOf are the identifiers that Ent declares in package ent for an entity, the entity itself first.
func partsOf(name string) []string {
	t := gen.Type{Name: name}
	return []string{
		name, name + "Edges", name + "GroupBy", name + "Select", pluralOf(name), t.TypeName(), t.ClientName(), "New" + t.ClientName(), t.QueryName(),
		t.CreateName(), t.CreateBulkName(), t.UpdateName(), t.UpdateOneName(), t.DeleteName(), t.DeleteOneName(), t.MutationName(),
		"new" + t.MutationName(), strings.ToLower(name) + "Option", "with" + name, "with" + name + "ID",
	}
}

// checkEntities refuses names of entities that Ent cannot write code for.
func checkEntities(schemas []*load.Schema) error {
	held := map[string]string{} // identifier → entity
	for _, s := range schemas {
		refuse := func(why string) error {
			return fmt.Errorf("entity %s: %s: rename the type, for example to %sEntry; entsql.Table(\"…\") among its Annotations keeps its table", s.Name, why, s.Name)
		}
		if !entityName.MatchString(s.Name) {
			return refuse("the name of an entity is a capital letter, and then letters and digits")
		}
		lower := strings.ToLower(s.Name)
		if slices.Contains(shared, lower) {
			return refuse(fmt.Sprintf("Ent keeps ent/%s for all entities", lower))
		}
		if unimportable.MatchString(lower) {
			return refuse(fmt.Sprintf("its package would be ent/%s, which means something else to Go", lower))
		}
		if err := gen.ValidSchemaName(s.Name); err != nil {
			return refuse("Ent takes no such name (" + err.Error() + ")")
		}
		for _, part := range partsOf(s.Name) {
			if slices.Contains(sharedIdents, part) {
				return refuse(fmt.Sprintf("Ent declares ent.%s for all entities", part))
			}
		}
	}
	for _, s := range schemas {
		for _, part := range append(partsOf(s.Name), "ent/"+strings.ToLower(s.Name)) {
			if other, taken := held[part]; taken && other != s.Name {
				return fmt.Errorf("entity %s: Ent declares %s for the entity %s: rename one of the two types; entsql.Table(\"…\") among its Annotations "+
					"keeps its table", s.Name, part, other)
			}
			held[part] = s.Name
		}
	}
	return nil
}

// pluralOf is what Ent calls a slice of the entity.
func pluralOf(name string) string {
	plural, _ := gen.Funcs["plural"].(func(string) string)
	return plural(name)
}
