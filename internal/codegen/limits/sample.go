package limits

import (
	"strings"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// samples are texts that columns of the types read, as they write them.
var samples = map[string]string{
	"inet": "10.0.0.1", "cidr": "10.0.0.0/8", "macaddr": "08:00:2b:01:02:03", "macaddr8": "08:00:2b:01:02:03:04:05", "uuid": "01943f2a-0000-7000-8000-000000000000",
	"time": "12:30:00", "timetz": "12:30:00+00", "interval": "1 day", "date": "2026-01-15", "timestamp": "2026-01-15 09:30:00", "timestamptz": "2026-01-15 09:30:00+00",
	"money": "$1.00", "numeric": "1", "integer": "1", "bigint": "1", "smallint": "1", "double precision": "1", "real": "1", "boolean": "true",
	"point": "(1,2)", "int4range": "[1,2)", "int8range": "[1,2)", "numrange": "[1,2)", "daterange": "[2026-01-15,2026-01-16)", "tsvector": "'sample'", "tsquery": "'sample'", "json": "{}", "jsonb": "{}", "xml": "<a/>",
}

// SampleText is a text that the field's column reads, for a column of a type that takes some texts only; empty if none is known.
func SampleText(f *gen.Field) string {
	column := ColumnType(f)
	if lengthed.MatchString(column) && strings.Contains(column, "bit") {
		return strings.Repeat("1", int(*lengthOf(column)))
	}
	return samples[baseOf(column)]
}

// SampleBytes is how many bytes a sample of a field of bytes has.
func SampleBytes(l validators.Limits) uint64 {
	n := uint64(3)
	if l.MaxLen != nil {
		n = min(n, *l.MaxLen)
	}
	if l.MinLen != nil {
		n = max(n, *l.MinLen)
	}
	return n
}
