package contract

import "slices"

// Ending announces the end of operations, or of a field. Dates are days: 2027-05-01.
type Ending struct {
	// Since is when it became deprecated.
	Since string `json:"since"`
	// Sunset is when it will be gone; empty while that is not decided.
	Sunset string `json:"sunset,omitempty"`
	// Verbs are the operations that end; none for all of the entity, or for a field.
	Verbs []Verb `json:"verbs,omitempty"`
}

// Deprecated announces that operations of an entity will end: all of them, or those of the verbs. The contract marks them,
// their answers carry the headers Deprecation (RFC 9745) and Sunset (RFC 8594), and the SDK's methods are struck through. On
// a field it marks the field. Days are written 2027-05-01; sunset may be empty.
func Deprecated(since, sunset string, verbs ...Verb) Annotation {
	return Annotation{Endings: []Ending{{Since: since, Sunset: sunset, Verbs: verbs}}}
}

// EndingOf returns the last announcement that covers the verb; nil when there is none.
func (a Annotation) EndingOf(verb Verb) *Ending {
	for i := len(a.Endings) - 1; i >= 0; i-- {
		if e := &a.Endings[i]; len(e.Verbs) == 0 || slices.Contains(e.Verbs, verb) {
			return e
		}
	}
	return nil
}
