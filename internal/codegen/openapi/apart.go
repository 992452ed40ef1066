package openapi

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// tellSchemasApart refuses entities whose schemas would be one in the contract: UserPage is what a list of users answers.
func tellSchemasApart(doc *document) error {
	held := map[string]string{"Problem": "what every failure answers", "Violation": "a part of what every failure answers"}
	for _, e := range doc.entities {
		named := map[string]string{e.Name: "the entity " + e.Name}
		for suffix, use := range map[string]struct {
			verb contract.Verb
			what string
		}{
			"Page": {contract.List, "a page of %s"}, "Create": {contract.Create, "the body that adds %s"}, "Update": {contract.Update, "the body that changes %s"},
		} {
			if e.Has(use.verb) {
				named[e.Name+suffix] = fmt.Sprintf(use.what, e.Labels())
			}
		}
		if e.HasBase() {
			named[e.BaseName()] = fmt.Sprintf("%s without related rows, where these lead back", e.Labels())
		}
		if e.Detail != nil {
			if _, own := named[e.Detail.Name]; own {
				return fmt.Errorf("contract.Detail of %s names its view %q, which is a schema already", e.Name, e.Detail.Name)
			}
			named[e.Detail.Name] = "the view that contract.Detail gives " + e.Name
		}
		for _, name := range slices.Sorted(maps.Keys(named)) {
			what := named[name]
			if other, taken := held[name]; taken {
				return fmt.Errorf("entity %s: the contract's schema %s would be %s, and is %s: rename one of them; entsql.Table(\"…\") among an "+
					"entity's Annotations keeps its table", e.Name, name, what, other)
			}
			held[name] = what
		}
	}
	return nil
}
