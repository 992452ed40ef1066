package contract

// Limits that hold where a schema says nothing else. The contract shows them, and the database keeps to them.
const (
	// MaxAnswerBytes is the most bytes of one answer's JSON: a page of a list ends early there, an expansion too.
	MaxAnswerBytes = 4 << 20
	// DefaultMaxText is the most characters of a text.
	DefaultMaxText = 10_000
	// DefaultMaxItems is the most items of an array.
	DefaultMaxItems = 100
	// DefaultMaxJSON is the most bytes of a JSON field.
	DefaultMaxJSON = 64 << 10
)
