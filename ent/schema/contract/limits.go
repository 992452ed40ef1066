package contract

// Limits that hold where a schema says nothing else. The contract shows them, and the database keeps to them.
const (
	// MaxAnswerBytes is the most bytes of one answer's JSON: a page of a list ends early there, an expansion too.
	MaxAnswerBytes = 4 << 20
	// DefaultMaxText is the most characters of a text.
	DefaultMaxText = 10_000
	// DefaultMaxItems is the most items of an array.
	DefaultMaxItems = 100
	// DefaultMaxItem is the most characters of a text in an array.
	DefaultMaxItem = 255
	// DefaultMaxJSON is the most bytes of a JSON field, as Postgres writes it, and of a field of bytes.
	DefaultMaxJSON = 64 << 10
	// MaxJSONDepth is how many arrays and objects of a JSON field may lie inside one another.
	MaxJSONDepth = 64
	// DefaultMaxDigits is the most digits before the point of a decimal whose column is a bare numeric, and the most behind it.
	DefaultMaxDigits = 50
	// MaxSafeInteger is the greatest integer that is exact wherever JSON numbers are read as doubles, as in JavaScript
	// (RFC 7493, section 2.2). The least is its negative.
	MaxSafeInteger = 1<<53 - 1
	// MaxEmail is the most characters of an e-mail address (RFC 5321, section 4.5.3.1.3: 256 with its angle brackets).
	MaxEmail = 254
)

// MaxItems is the most items of an array of texts or of a JSON field that is an array.
func MaxItems(n uint64) Annotation { return Annotation{MaxItems: n} }

// MaxItemLen is the most characters of each text in an array of texts.
func MaxItemLen(n uint64) Annotation { return Annotation{MaxItemLen: n} }

// MaxBytes is the most bytes of a JSON field, as Postgres writes it. For field.Bytes use its own MaxLen.
func MaxBytes(n uint64) Annotation { return Annotation{MaxBytes: n} }

// Distinct makes an array of texts a set: what it holds twice is stored once, at its first place.
func Distinct() Annotation { return Annotation{Distinct: true} }

// Email makes a text an e-mail address: of the form that browsers take (WHATWG HTML, "valid e-mail address") within the
// lengths of RFC 5321, stored in lower case. A unique index that it is the last field of ignores case.
func Email() Annotation { return Annotation{Email: true} }

// AsText writes an integer of 64 bits as a text: "9223372036854775807". As numbers they are limited to ±MaxSafeInteger, because
// most readers of JSON round beyond it.
func AsText() Annotation { return Annotation{AsText: true} }
