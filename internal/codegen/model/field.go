package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Kind is a field's type as the contract knows it.
type Kind string

// The kinds: what they are in JSON, and in Go on the wire side.
const (
	String   Kind = "string"
	Enum     Kind = "enum"
	UUID     Kind = "uuid"
	Bool     Kind = "bool"
	Integer  Kind = "integer"
	Number   Kind = "number"
	Decimal  Kind = "decimal" // a string: JSON numbers are binary floating point to most readers
	Time     Kind = "time"    // RFC 3339, microseconds kept
	Date     Kind = "date"
	Bytes    Kind = "bytes"    // base64
	TextList Kind = "textlist" // array of strings: a Postgres text[] or a JSON column
	JSON     Kind = "json"     // a JSON column: a Go type of the schema's own, or free-form
)

// Field is one field of an entity as the API shows it.
type Field struct {
	Ent *gen.Field
	// Name is what the schema calls it: display_name. Ent may know it by another, which only Go code sees.
	Name string
	// JSON is the name in the contract: displayName.
	JSON string
	// Go is the name of ogen's struct field: DisplayName; Types are its Go types in the schemas that have it. Both are empty
	// until package wirenames fills them in.
	Go    string
	Types map[string]string
	// Filter and NullFilter are the list parameters that narrow by the field, FilterGo and NullGo what ogen calls them.
	Filter, NullFilter, FilterGo, NullGo string
	// Kind decides the type in contract and handlers.
	Kind Kind
	// GoType is Ent's Go type: what a value from the wire is converted to.
	GoType string
	// Comment is the field's own sentence.
	Comment string
	// Nullable fields answer null and take null.
	Nullable bool
	// Required fields must be in a create body.
	Required bool
	// Immutable fields are set at creation and never again.
	Immutable bool
	// ServerOwned fields are answered and never accepted.
	ServerOwned bool
	// Default is the JSON literal a create body without the field means; nil when the server computes it or none exists.
	Default json.RawMessage
	// Limits are the field's validators, and its sizes: its own or the defaults.
	Limits validators.Limits
	// Values are an enum's members.
	Values []string
	// AsText says that an integer is a text on the wire.
	AsText bool
	// Foreign fields hold texts in a column of another type, which takes some of them only and may write them in another form.
	Foreign bool
	// Example is a value the field takes, if its author gave one.
	Example string
	// Permissions says that the field's texts are permissions of the API.
	Permissions bool
	// Guard hides the field from callers without a permission; nil shows it to all who see the row.
	Guard *contract.FieldGuard
	// Secret fields are accepted and never answered.
	Secret bool
	// Shape is the structure of a JSON field; nil for other kinds.
	Shape *contract.Shape
	// Acyclic says that the field refers to a row of its own entity, and never leads back.
	Acyclic bool
	// Ending announces that the field will be gone; nil when it stays.
	Ending *contract.Ending
	// Generated is the SQL expression that Postgres computes the field by; empty for others.
	Generated string
}

// Slice reports whether ogen and Ent hold the field in a slice, whose nil is null.
func (f *Field) Slice() bool {
	return f.Kind == TextList || f.Kind == Bytes || f.Kind == JSON && f.Shape.IsArray()
}

// Merged reports whether a patch is merged into what the field holds, member by member, and not put in its place (RFC 7396).
func (f *Field) Merged() bool { return f.Kind == JSON && !f.Shape.IsArray() }

// Ordered reports whether values of the field can be compared in a query.
func (f *Field) Ordered() bool { return f.Kind != Bytes && f.Kind != TextList && f.Kind != JSON }

// AnswersNull reports whether an answer can hold null in place of a value.
func (f *Field) AnswersNull() bool { return f.Nullable || f.Guard != nil }

// rank orders fields in the contract: id, tenantId, own fields, bookkeeping.
func (f *Field) rank() int {
	switch f.Name {
	case "id":
		return 0
	case ddl.TenantColumn:
		return 1
	case "version", "created_at", "updated_at":
		return 3
	}
	return 2
}

// ServerKept reports whether the server sets the field in every row.
func ServerKept(f *gen.Field) bool {
	annotation, err := contract.Of(f.Annotations)
	return err == nil && annotation.ServerOwned && !f.Optional && (f.IsTime() || f.Type.Numeric())
}

func newField(node *gen.Type, f *gen.Field, found validators.Set) (*Field, error) {
	annotation, err := contract.Of(f.Annotations)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", names.Of(f), err)
	}
	kind, err := kindOf(f)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", names.Of(f), err)
	}
	if f.Comment() == "" {
		return nil, fmt.Errorf("field %s has no comment: add .Comment(\"…\"), it becomes the API's documentation", names.Of(f))
	}
	shape, err := shapeOf(f, kind, annotation.Shape)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", names.Of(f), err)
	}
	if f.Optional && !f.Nillable && kind != TextList && kind != Bytes && kind != JSON {
		return nil, fmt.Errorf("field %s is Optional and not Nillable: null would be read as a zero value; add .Nillable()", names.Of(f))
	}
	if f.Nillable && !f.Optional {
		return nil, fmt.Errorf("field %s is Nillable and not Optional: its column takes no null; add .Optional() or take .Nillable() away", names.Of(f))
	}
	if annotation.Generated != "" && (!f.Optional || f.Default || f.UpdateDefault || f.Sensitive()) {
		return nil, fmt.Errorf("field %s is contract.Generated: Postgres alone writes it, and shows it; add .Optional().Nillable(), and take Default, UpdateDefault and Sensitive away", names.Of(f))
	}
	if f.Optional && f.Default && !annotation.ServerOwned {
		return nil, fmt.Errorf("field %s is Optional and has a Default: null at creation would become the default; take one of them away", names.Of(f))
	}
	size, err := limits.Of(node, f, found)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", names.Of(f), err)
	}
	out := &Field{
		Ent:         f,
		Name:        names.Of(f),
		JSON:        names.JSON(names.Of(f)),
		Kind:        kind,
		GoType:      f.Type.String(),
		Comment:     f.Comment(),
		Nullable:    f.Nillable || f.Optional,
		Immutable:   f.Immutable,
		ServerOwned: annotation.ServerOwned,
		Guard:       annotation.Guard,
		Example:     annotation.Example,
		AsText:      annotation.AsText,
		Foreign:     (kind == String || kind == TextList && !f.IsJSON()) && !limits.Kept(f),
		Permissions: annotation.Permissions,
		Secret:      f.Sensitive(),
		Shape:       shape,
		Ending:      annotation.EndingOf(""),
		Generated:   annotation.Generated,
		Limits:      size,
	}
	if out.Permissions && kind != TextList {
		return nil, fmt.Errorf("field %s has contract.Permissions and is no list of texts", names.Of(f))
	}
	out.Required = !f.Optional && !f.Default
	if kind == Enum {
		out.Values = f.EnumValues()
	}
	if f.Default && !out.ServerOwned {
		out.Default, err = literalDefault(f, kind, out.AsText)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", names.Of(f), err)
		}
	}
	return out, nil
}

// literalDefault returns the default as JSON, or nil when it is computed when a row is created.
func literalDefault(f *gen.Field, kind Kind, asText bool) (json.RawMessage, error) {
	switch kind {
	case String, Enum, Bool, Integer, Number:
	default:
		return nil, nil
	}
	value := f.DefaultValue()
	if f.DefaultFunc() || value == nil {
		return nil, nil
	}
	if asText {
		value = fmt.Sprint(value) // limits.Of has refused what Ent's loader rounds
	}
	literal, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode default %v: %w", value, err)
	}
	return literal, nil
}

func kindOf(f *gen.Field) (Kind, error) {
	column := strings.ToLower(f.Column().SchemaType[dialect.Postgres])
	if f.HasValueScanner() {
		return "", fmt.Errorf("values that Ent converts on their way, ValueScanner, are not read back as they are: take a GoType that is a driver.Valuer and a sql.Scanner")
	}
	if f.Type.String() == "decimal.Decimal" { // whatever it was declared by
		return Decimal, nil
	}
	switch f.Type.Type {
	case field.TypeString:
		return String, nil
	case field.TypeEnum:
		return Enum, nil
	case field.TypeUUID:
		return UUID, nil
	case field.TypeBool:
		return Bool, nil
	case field.TypeTime:
		if !limits.Instant(f) {
			return "", fmt.Errorf("a field.Time cannot be kept in a column of type %s: take timestamptz, timestamp or date, or declare it as a text, field.String(%q)", column, names.Of(f))
		}
		if column == "date" {
			return Date, nil
		}
		return Time, nil
	case field.TypeBytes:
		return Bytes, nil
	case field.TypeInt, field.TypeInt8, field.TypeInt16, field.TypeInt32, field.TypeInt64,
		field.TypeUint, field.TypeUint8, field.TypeUint16, field.TypeUint32, field.TypeUint64:
		return Integer, nil
	case field.TypeFloat32, field.TypeFloat64:
		return Number, nil
	}
	switch f.Type.String() {
	case "pq.StringArray", "[]string":
		return TextList, nil
	}
	if f.IsJSON() {
		return JSON, nil
	}
	return "", fmt.Errorf("type %s has no place in the contract yet: use a string, enum, uuid, bool, number, decimal.Decimal, time, date, bytes, "+
		"field.Strings, pq.StringArray or field.JSON", f.Type)
}

// plainShapes are JSON types whose structure their name says.
var plainShapes = map[string]any{
	"map[string]interface {}": map[string]any{}, "map[string]any": map[string]any{}, "map[string]string": map[string]string{},
	"[]int": []int{}, "[]float64": []float64{}, "[]interface {}": []any{},
	"[]map[string]interface {}": []map[string]any{},
}

// shapeOf returns the structure of a JSON field; nil for other kinds.
func shapeOf(f *gen.Field, kind Kind, declared *contract.Shape) (*contract.Shape, error) {
	if kind != JSON {
		if declared != nil {
			return nil, fmt.Errorf("contract.JSON is for JSON fields")
		}
		return nil, nil
	}
	if example, ok := plainShapes[f.Type.String()]; ok && declared == nil {
		declared = contract.JSON(example).Shape
	}
	if declared == nil {
		return nil, fmt.Errorf("the structure of %s is not known: add .Annotations(contract.JSON(%s{}))", f.Type, strings.TrimPrefix(f.Type.String(), "*"))
	}
	if declared.Err != "" {
		return nil, errors.New(declared.Err)
	}
	if f.Optional && strings.HasPrefix(string(declared.Root), `{"$ref"`) && !strings.HasPrefix(f.Type.String(), "*") {
		return nil, fmt.Errorf("null would be read as an empty %s: declare it with a pointer, field.JSON(%q, &%s{})", f.Type, names.Of(f), f.Type)
	}
	return declared, nil
}
