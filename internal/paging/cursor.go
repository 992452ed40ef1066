package paging

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/ijson"
	"github.com/lockstep-dev/lockstep/internal/numeric"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/timetext"
	"github.com/lockstep-dev/lockstep/internal/uuidtext"
)

// Kind is how a key's value is written in a cursor and bound to a statement.
type Kind int

// The kinds.
const (
	Text    Kind = iota // also enums, which Postgres reads from text
	Number              // a float
	Decimal             // a number, bound as its text
	Boolean
	Time
	ID
	Integer // of 64 bits
)

// content is what a cursor holds. Names are short because they travel in URLs.
type content struct {
	List   string            `json:"l"`
	Of     []byte            `json:"o"` // fingerprint of order and filters
	Values []json.RawMessage `json:"k,omitempty"`
	After  rowID             `json:"a"`
}

// rowID is a UUID that is read in its one form.
type rowID uuid.UUID

// MarshalText implements encoding.TextMarshaler.
func (id rowID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *rowID) UnmarshalText(text []byte) error {
	read, err := uuidtext.ParseBytes(text)
	*id = rowID(read)
	return err
}

// Fingerprint identifies an order and filters: params without limit, cursor and count. It is short because it only has to
// catch mistakes; a forged cursor reaches nothing that its filters would not.
func Fingerprint(params any) []byte {
	text, err := json.Marshal(params)
	if err != nil {
		return nil // parameters of the contract always encode
	}
	sum := sha256.Sum256(text)
	return sum[:6]
}

// Encode returns the cursor of the page behind a row. value returns the row's value of a column, in a type of driver.Value.
// Its length follows from the values: a contract's limit is to fit the longest.
func (o Order) Encode(list string, fingerprint []byte, id uuid.UUID, value func(column string) any) string {
	if len(o.terms) == 0 {
		// What the encoder below writes, for the cursor that most pages have.
		buf := make([]byte, 0, 128)
		buf = append(append(buf, `{"l":"`...), list...) // the name of a resource: letters and underscores
		buf = base64.StdEncoding.AppendEncode(append(buf, `","o":"`...), fingerprint)
		buf = append(append(append(buf, `","a":"`...), id.String()...), `"}`...)
		return base64.RawURLEncoding.EncodeToString(buf)
	}
	c := content{List: list, Of: fingerprint, After: rowID(id)}
	for _, t := range o.terms {
		c.Values = append(c.Values, written(exact(value(t.Column))))
	}
	return base64.RawURLEncoding.EncodeToString(written(c))
}

// written is a value as JSON, without the escapes that make JSON safe inside HTML: they are six times as long as what they
// stand for.
func written(value any) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// Decode returns the condition that continues a list behind a cursor. Its error is a *problem.Error with the code
// invalid_cursor.
func (o Order) Decode(list string, fingerprint []byte, text string) (func(*sql.Selector), error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, invalid()
	}
	var c content
	if err := strictly(raw, &c); err != nil || c.List != list || c.After == rowID(uuid.Nil) ||
		!bytes.Equal(c.Of, fingerprint) || len(c.Values) != len(o.terms) {
		return nil, invalid()
	}
	values := make([]any, len(o.terms))
	for i, t := range o.terms {
		if values[i], err = t.read(c.Values[i]); err != nil {
			return nil, invalid()
		}
	}
	return o.after(values, uuid.UUID(c.After)), nil
}

// strictly reads a text that Encode can have written: one value, whose members are known and there once, with nothing in it
// that Postgres does not store.
func strictly(raw []byte, c *content) error {
	if faults := ijson.Check(raw); len(faults) > 0 {
		return errors.New("a cursor that is no I-JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(c); err != nil {
		return err
	}
	if decoder.InputOffset() != int64(len(raw)) {
		return errors.New("a cursor with more behind its end")
	}
	return nil
}

// read turns a cursor's value back into what a statement binds.
func (t term) read(raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		if !t.Nullable {
			return nil, errors.New("null for a key that has none")
		}
		return nil, nil
	}
	if v, ok := inexact(t.Kind, raw); ok {
		return v, nil
	}
	switch t.Kind {
	case Integer:
		return decode[int64](raw)
	case Number:
		n, err := decode[json.Number](raw)
		if err == nil && (len(raw) > maxNumber || raw[0] == '"') {
			return nil, errors.New("a number that no key has")
		}
		if err == nil {
			_, err = strconv.ParseFloat(string(raw), 64) // out of range: 1e999
		}
		return n, err
	case Decimal:
		text, err := decode[string](raw)
		if err == nil {
			_, err = numeric.Parse(text.(string))
		}
		return text, err
	case Boolean:
		return decode[bool](raw)
	case Time:
		text, err := decode[string](raw)
		if err != nil {
			return nil, err
		}
		return timetext.Parse(text.(string)) // time.Time reads more from JSON than it writes
	case ID:
		id, err := decode[rowID](raw)
		if err != nil {
			return nil, err
		}
		return uuid.UUID(id.(rowID)), nil
	case Text:
	}
	return decode[string](raw)
}

// maxNumber is the most bytes of an integer or float as encoding/json writes it.
const maxNumber = 32

func decode[T any](raw json.RawMessage) (any, error) {
	var value T
	err := json.Unmarshal(raw, &value)
	return value, err
}

func invalid() error {
	return problem.Of(problem.InvalidCursor).
		AtParameter("cursor", problem.RuleInvalidCursor, "Pass nextCursor of the page before, unchanged.")
}
