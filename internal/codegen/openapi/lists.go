package openapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// Page sizes of lists, and how many values one filter takes.
const (
	defaultLimit = 50
	maxLimit     = 200
	maxValues    = 100
	maxCounted   = 10_000 // paging.MaxCounted
)

// pageLists gives lists a cursor, a limit and an envelope.
func pageLists(doc *document) error {
	for _, e := range doc.entities {
		if !e.Has(contract.List) {
			continue
		}
		page := object(fmt.Sprintf("One page of %s.", e.Labels()))
		page.AddRequiredProperties(
			ref(e.Name).AsArray().SetDescription("The rows of this page.").ToProperty("data"),
			ogen.String().SetNullable(true).
				SetDescription("Pass it as cursor to get the next page; null on the last page.").ToProperty("nextCursor"),
		)
		expanded := ""
		if len(e.ExpandPaths()) > 0 {
			expanded = " with what they are expanded with"
		}
		page.Description += fmt.Sprintf(" It holds fewer rows than `limit` where these would be more than %d MiB of JSON%s, and at least one.", contract.MaxAnswerBytes>>20, expanded)
		page.AddOptionalProperties(
			ogen.NewSchema().SetType("integer").
				SetDescription("How many rows all pages have together, when `count` asks for it.").ToProperty("totalCount"),
			ogen.String().SetEnum(texts([]string{"eq", "gte"})).
				SetDescription("Whether there are as many rows as totalCount says (`eq`) or more (`gte`); there with totalCount.").ToProperty("totalCountRelation"),
		)
		doc.spec.AddSchema(e.Name+"Page", page)

		one, most, least, bytes := int64(1), int64(maxLimit), uint64(1), uint64(e.CursorLen())
		limit := ogen.NewSchema().SetType("integer").SetMinimum(&one).SetMaximum(&most)
		limit.Default = ogen.Default(fmt.Appendf(nil, "%d", defaultLimit))
		doc.spec.Paths[e.Path].Get.Parameters = []*ogen.Parameter{
			query("limit", "Most rows to answer.", limit),
			query("cursor", "nextCursor of the page before, with the same order and filters; the first page when absent.",
				ogen.String().SetMinLength(&least).SetMaxLength(&bytes)),
			query("count", fmt.Sprintf("Adds totalCount: `exact` counts all rows, `estimated` stops at %d, and says so in totalCountRelation.", maxCounted),
				ogen.String().SetEnum(texts([]string{"exact", "estimated"}))),
		}
	}
	return nil
}

// orderAndFilter adds what the entity's annotations offer: sort, a parameter per filter, q.
func orderAndFilter(doc *document) error {
	for _, e := range doc.entities {
		if !e.Has(contract.List) {
			continue
		}
		op := doc.spec.Paths[e.Path].Get
		op.Parameters = append(op.Parameters, sortParameter(e)...)
		for _, f := range e.Filters {
			op.Parameters = append(op.Parameters, filterParameters(f)...)
		}
		for _, x := range e.EdgeFilters() {
			op.Parameters = append(op.Parameters, query(x.Filter,
				fmt.Sprintf("Only rows whose %s include one of these, as far as the caller may read it. Needs the permission `%s`.", x.Name, x.Target.Rule(contract.Read).Permission), values(ogen.UUID())))
		}
		if text := searchText(e); text != "" {
			one, most := uint64(1), uint64(100)
			op.Parameters = append(op.Parameters, query("q", text, ogen.String().SetMinLength(&one).SetMaxLength(&most)))
		}
	}
	return nil
}

// searchText says what the parameter q looks for; empty when the entity's list has none.
func searchText(e *model.Entity) string {
	var names []string
	for _, f := range e.Searches {
		names = append(names, f.JSON)
	}
	part := "with this text in " + strings.Join(names, " or ") + ", in any case"
	switch words := "in which these words are found: all of them, in any form; `or` between two asks for one of them, quotes for a phrase, `-` before a word for rows without it"; {
	case e.FullText != nil && len(names) > 0:
		return "Only rows " + part + ", or " + words + "."
	case e.FullText != nil:
		return "Only rows " + words + "."
	case len(names) > 0:
		return "Only rows " + part + "."
	}
	return ""
}

// expandReads lets lists and gets carry related rows.
func expandReads(doc *document) error {
	for _, e := range doc.entities {
		paths := e.ExpandPaths()
		if len(paths) == 0 {
			continue
		}
		for verb, op := range map[contract.Verb]*ogen.Operation{contract.List: doc.spec.Paths[e.Path].Get, contract.Read: doc.spec.Paths[e.Path+"/{id}"].Get} {
			if !e.Has(verb) {
				continue
			}
			one, most := uint64(1), uint64(10)
			text := fmt.Sprintf("Related rows to answer as well, at most %d for each row", expansionCap)
			if verb == contract.List {
				text += fmt.Sprintf(". A page ends early, with its nextCursor, before rows whose related rows do not fit: it has at most %d MiB of JSON. Those of a page's only row end there.", contract.MaxAnswerBytes>>20)
			} else {
				text += fmt.Sprintf(" and as many as fit into %d MiB of JSON.", contract.MaxAnswerBytes>>20)
			}
			text += " Rows that the caller may not read are left out, and those whose relation it may not read."
			op.Parameters = append(op.Parameters,
				query("expand", text, ogen.String().SetEnum(texts(paths)).AsArray().SetUniqueItems(true).SetMinItems(&one).SetMaxItems(&most)).SetStyle("form").SetExplode(false))
		}
	}
	return nil
}

func sortParameter(e *model.Entity) []*ogen.Parameter {
	if len(e.Sorts) == 0 {
		return nil
	}
	var names []string
	for _, f := range e.Sorts {
		names = append(names, f.JSON, "-"+f.JSON)
	}
	one, most := uint64(1), uint64(len(e.Sorts))
	p := query("sort", "Order, the most important first; - turns one around. Each key stands there once, one way or the other. Null counts as greatest. Rows that compare equal, and lists without sort, are in the order of creation.",
		ogen.String().SetEnum(texts(names)).AsArray().SetUniqueItems(true).SetMinItems(&one).SetMaxItems(&most))
	return []*ogen.Parameter{p.SetStyle("form").SetExplode(false)}
}

// filterParameters are `status=active&status=inactive` for equality, `createdAt[gte]=…` for ranges, `managerIdNull=true` for
// null.
func filterParameters(f *model.Field) []*ogen.Parameter {
	var out []*ogen.Parameter
	note := ""
	if f.Guard != nil {
		note = fmt.Sprintf(" Needs the permission `%s`.", f.Guard.Permission)
	}
	if f.Ranged() {
		bounds := ogen.NewSchema().SetType("object")
		for _, bound := range []struct{ name, text string }{
			{"eq", "that are"}, {"gt", "after"}, {"gte", "at or after"}, {"lt", "before"}, {"lte", "at or before"},
		} {
			s := typeOf(f)
			if f.Kind == model.Integer && !f.AsText {
				least, most := limits.Carried(f.Ent)
				s.Minimum, s.Maximum = ogen.Num(least), ogen.Num(most)
			}
			bounds.AddOptionalProperties(s.SetDescription("Only values " + bound.text + " this.").ToProperty(bound.name))
		}
		out = append(out, query(f.Filter, fmt.Sprintf("Only rows whose %s is in this range.", f.JSON)+note, closed(bounds)).
			SetStyle("deepObject").SetExplode(true))
	} else {
		out = append(out, query(f.Filter, fmt.Sprintf("Only rows whose %s is one of these.", f.JSON)+note, values(filterValue(f))))
	}
	if f.Nullable {
		out = append(out, query(f.NullFilter, fmt.Sprintf("Only rows whose %s is null (true) or is not (false).", f.JSON)+note, ogen.Bool()))
	}
	return out
}

// filterValue is one value of a filter by equality: a longer text than the field has is nobody's.
func filterValue(f *model.Field) *ogen.Schema {
	s := typeOf(f)
	if f.Kind == model.String {
		s.MaxLength = f.Limits.MaxLen
	}
	return s
}

// values is an array given by repeating the parameter.
func values(item *ogen.Schema) *ogen.Schema {
	one, most := uint64(1), uint64(maxValues)
	return item.AsArray().SetMinItems(&one).SetMaxItems(&most)
}

func query(name, description string, schema *ogen.Schema) *ogen.Parameter {
	return ogen.NewParameter().InQuery().SetName(name).SetDescription(description).SetSchema(schema)
}

func texts(values []string) []json.RawMessage {
	out := make([]json.RawMessage, len(values))
	for i, v := range values {
		out[i], _ = json.Marshal(v) // a string always encodes
	}
	return out
}
