package listing

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/numeric"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Kind is how a key's value is written in a cursor and bound to a statement.
type Kind int

// The kinds.
const (
	Text Kind = iota // also enums, which Postgres reads from text
	Number
	Decimal // a number, bound as its text
	Boolean
	Time
	ID
)

// content is what a cursor holds. Names are short because they travel in URLs.
type content struct {
	List   string            `json:"l"`
	Of     []byte            `json:"o"` // fingerprint of order and filters
	Values []json.RawMessage `json:"k,omitempty"`
	After  uuid.UUID         `json:"a"`
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

// Encode returns the cursor of the page behind a row. value returns the row's value of a key by its name.
func (o Order) Encode(list string, fingerprint []byte, id uuid.UUID, value func(name string) any) string {
	if len(o.terms) == 0 {
		// What the encoder below writes, for the cursor that most pages have.
		buf := make([]byte, 0, 128)
		buf = append(append(buf, `{"l":"`...), list...) // the name of a resource: letters and underscores
		buf = base64.StdEncoding.AppendEncode(append(buf, `","o":"`...), fingerprint)
		buf = append(append(append(buf, `","a":"`...), id.String()...), `"}`...)
		return base64.RawURLEncoding.EncodeToString(buf)
	}
	c := content{List: list, Of: fingerprint, After: id}
	for _, t := range o.terms {
		text, err := json.Marshal(exact(value(t.Name)))
		if err != nil {
			text = []byte("null")
		}
		c.Values = append(c.Values, text)
	}
	text, _ := json.Marshal(c) // plain fields always encode
	return base64.RawURLEncoding.EncodeToString(text)
}

// Decode returns the condition that continues a list behind a cursor. Its error is a *problem.Error with the code
// invalid_cursor.
func (o Order) Decode(list string, fingerprint []byte, text string) (func(*sql.Selector), error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, invalid()
	}
	var c content
	if err := json.Unmarshal(raw, &c); err != nil || c.List != list || c.After == uuid.Nil ||
		!bytes.Equal(c.Of, fingerprint) || len(c.Values) != len(o.terms) {
		return nil, invalid()
	}
	values := make([]any, len(o.terms))
	for i, t := range o.terms {
		if values[i], err = t.read(c.Values[i]); err != nil {
			return nil, invalid()
		}
	}
	return o.after(values, c.After), nil
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
		return decode[time.Time](raw)
	case ID:
		return decode[uuid.UUID](raw)
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
	return problem.New(problem.InvalidCursor, "The cursor is not one that this list gave out for this order and these filters. Start again without a cursor.").
		AtParameter("cursor", problem.RuleInvalidCursor, "Pass nextCursor of the page before, unchanged.")
}
