package contract

import "entgo.io/ent/schema"

// Samples are values that rows of an entity may hold, for the rows on which migrations are proven. Planning makes those up
// from types and CHECKs; where no value that it tries is taken, samples say which are.
type Samples struct {
	// Rows are values that go together, by field of the entity; the one key of a field's own samples is empty. The values
	// are text that Postgres reads, such as "2024-03-01" or "{a,b}".
	Rows []map[string]string
}

// Sample declares values that a field may have, as text that Postgres reads: contract.Sample("DE89370400440532013000").
func Sample(values ...string) Samples {
	var s Samples
	for _, v := range values {
		s.Rows = append(s.Rows, map[string]string{"": v})
	}
	return s
}

// SampleRow declares, on an entity, values of several fields that go together: contract.SampleRow(map[string]string{"kind":
// "bank", "iban": "DE89370400440532013000"}). Repeated, each is another row.
func SampleRow(values map[string]string) Samples { return Samples{Rows: []map[string]string{values}} }

// Name implements schema.Annotation.
func (Samples) Name() string { return "Samples" }

// Merge implements schema.Merger: samples add up.
func (s Samples) Merge(other schema.Annotation) schema.Annotation {
	if o, ok := other.(Samples); ok {
		s.Rows = append(s.Rows, o.Rows...)
	}
	return s
}

var (
	_ schema.Annotation = Samples{}
	_ schema.Merger     = Samples{}
)
