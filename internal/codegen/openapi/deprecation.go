package openapi

import (
	"fmt"
	"time"

	"github.com/ogen-go/ogen"
)

// announceEndings marks what is deprecated. The server sends the headers of marked operations.
func announceEndings(doc *document) error {
	for _, e := range doc.entities {
		for _, f := range e.Fields {
			if f.Ending == nil {
				continue
			}
			if err := checkDays(f.Ending.Since, f.Ending.Sunset); err != nil {
				return fmt.Errorf("entity %s: field %s: %w", e.Name, f.Name, err)
			}
			for _, name := range append(e.Views(), e.Name+"Create", e.Name+"Update") {
				s := doc.spec.Components.Schemas[name]
				if s == nil {
					continue
				}
				for _, p := range s.Properties {
					if p.Name == f.JSON && !p.Schema.Deprecated {
						p.Schema.Deprecated = true
						p.Schema.Description += " " + inWords(f.Ending.Since, f.Ending.Sunset)
					}
				}
			}
		}
		for _, verb := range e.Verbs() {
			ending := e.Ending(verb)
			if ending == nil {
				continue
			}
			if err := checkDays(ending.Since, ending.Sunset); err != nil {
				return fmt.Errorf("entity %s: %w", e.Name, err)
			}
			op := doc.operation(e.Resource + "." + operationName(verb))
			doc.extensions.set(op, deprecatedSince, ending.Since)
			if ending.Sunset != "" {
				doc.extensions.set(op, sunsetDay, ending.Sunset)
			}
		}
	}
	for _, op := range doc.operations() {
		x := doc.extensions[op.OperationID]
		since, _ := x[deprecatedSince].(string)
		sunset, _ := x[sunsetDay].(string)
		if since == "" && sunset == "" && !op.Deprecated {
			continue
		}
		if err := checkDays(since, sunset); err != nil {
			return fmt.Errorf("%s: %w", op.OperationID, err)
		}
		op.Deprecated = true
		op.Description += "\n\n" + inWords(since, sunset) + " Answers say so in the headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."
	}
	return nil
}

func (doc *document) operation(id string) *ogen.Operation {
	for _, op := range doc.operations() {
		if op.OperationID == id {
			return op
		}
	}
	return nil
}

func inWords(since, sunset string) string {
	if sunset == "" {
		return "Deprecated since " + since + "."
	}
	return "Deprecated since " + since + ", and gone from " + sunset + " on."
}

// checkDays refuses what the headers could not say.
func checkDays(since, sunset string) error {
	from, err := time.Parse(time.DateOnly, since)
	if err != nil {
		return fmt.Errorf("deprecated since %q: write the day as 2026-11-01", since)
	}
	if sunset == "" {
		return nil
	}
	until, err := time.Parse(time.DateOnly, sunset)
	if err != nil {
		return fmt.Errorf("sunset %q: write the day as 2027-05-01", sunset)
	}
	if until.Before(from) { // RFC 9745, section 4
		return fmt.Errorf("sunset %s is before the deprecation, %s", sunset, since)
	}
	return nil
}
