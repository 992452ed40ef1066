package openapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// expansionCap is the most rows a default expansion carries; the list operation has the rest.
const expansionCap = 100

// typeOf is the JSON type of a field, without nullability, limits and text.
func typeOf(f *model.Field) *ogen.Schema {
	switch f.Kind {
	case model.Enum:
		values := make([]json.RawMessage, len(f.Values))
		for i, v := range f.Values {
			values[i], _ = json.Marshal(v) // a string always encodes
		}
		return ogen.String().SetEnum(values)
	case model.UUID:
		return ogen.UUID()
	case model.Bool:
		return ogen.Bool()
	case model.Integer:
		if f.AsText {
			return ogen.String().SetFormat(integerText).SetPattern(integerPattern)
		}
		return ogen.NewSchema().SetType("integer") // a format int64 would become bigint in TypeScript validators
	case model.Number:
		if limits.Single(f.Ent) { // a double would come back with other digits
			return ogen.Float()
		}
		return ogen.Double()
	case model.Decimal:
		return ogen.String().SetFormat("decimal").SetPattern(contract.DecimalPattern(f.Limits.Whole, f.Limits.Fraction))
	case model.Time:
		return ogen.DateTime()
	case model.Date:
		return ogen.Date()
	case model.Bytes:
		return ogen.Bytes()
	case model.TextList:
		return ogen.String().AsArray()
	case model.JSON:
		s := ogen.NewSchema()
		if err := json.Unmarshal(f.Shape.Root, s); err != nil {
			panic(fmt.Sprintf("read the shape of %s: %v", f.Name, err)) // contract.JSON has written it
		}
		return s
	default:
		return ogen.String()
	}
}

const (
	// integerText is the format of integers of 64 bits that are texts on the wire (OpenAPI Format Registry).
	integerText    = "int64"
	integerPattern = `^(0|-?[1-9][0-9]{0,18})$`
)

// answered is the field as an answer shows it: always there, null where it may be null or must not be seen.
func answered(f *model.Field) *ogen.Schema {
	text := f.Comment
	if f.Guard != nil {
		text += fmt.Sprintf(" Null for callers without the permission `%s`", f.Guard.Permission)
		if f.Guard.Self != "" {
			text += ", except on their own rows"
		}
		text += "."
	}
	s := described(f, text, f.AnswersNull())
	if f.Limits.Scaled && f.Kind == model.Decimal {
		s.SetPattern(contract.ScaledPattern(f.Limits.Whole, f.Limits.Fraction))
	}
	return s
}

// described adds text and nullability. Beside a reference OpenAPI 3.0 lets nothing count: a nullable one is wrapped.
func described(f *model.Field, text string, nullable bool) *ogen.Schema {
	s := typeOf(f)
	text = strings.TrimSpace(text + " " + form(f))
	if s.Ref == "" {
		return s.SetDescription(text).SetNullable(nullable)
	}
	if !nullable {
		return s
	}
	return ogen.NewSchema().SetDescription(text).SetNullable(true).SetAllOf([]*ogen.Schema{s})
}

// form says of a number what its type does not.
func form(f *model.Field) string {
	switch l := f.Limits; {
	case f.AsText:
		return fmt.Sprintf("An integer from %s to %s as a text, because JSON numbers are exact up to %d only.", l.Min, l.Max, contract.MaxSafeInteger)
	case l.Scaled && l.Fraction > 0 && f.Kind == model.Decimal:
		return fmt.Sprintf("A decimal with %d digits behind the point; fewer are filled with zeros, more are refused.", l.Fraction)
	case l.Scaled && l.Fraction > 0:
		return fmt.Sprintf("At most %d digits before the point and %d behind it; more are refused.", max(l.Whole, 0), l.Fraction)
	}
	return ""
}

// accepted is the field as a body takes it: with its limits.
func accepted(f *model.Field) *ogen.Schema {
	s := described(f, f.Comment, f.Nullable)
	if f.Secret {
		s.Description = strings.TrimSuffix(f.Comment, ".") + ". It is taken and never shown."
		if f.Kind == model.String {
			s.Format = "password"
		}
	}
	if f.Acyclic {
		s.Description += " Refused where it leads back to the row itself."
	}
	s.MinLength, s.MaxLength = f.Limits.MinLen, f.Limits.MaxLen
	if f.Kind == model.Bytes {
		s.MinLength, s.MaxLength = base64Len(f.Limits.MinLen), base64Len(f.Limits.MaxLen)
		s.Description += " " + bytesLimit(f)
	}
	if f.AsText {
		return s
	}
	if f.Limits.Pattern != "" {
		s.Pattern = f.Limits.Pattern
	}
	if f.Limits.Email {
		s.Format = "email"
	}
	if f.Limits.MaxItems != nil && s.Items != nil {
		s.MaxItems = f.Limits.MaxItems
	}
	if f.Limits.MaxItemLen != nil {
		s.Items.Item.MaxLength = f.Limits.MaxItemLen
	}
	if f.Kind == model.JSON && s.Ref == "" {
		s.Description = strings.TrimSpace(s.Description + " " + jsonLimit(f))
	}
	if f.Limits.Min != "" {
		s.Minimum, s.ExclusiveMinimum = ogen.Num(f.Limits.Min), f.Limits.ExclusiveMin
	}
	if f.Limits.Max != "" {
		s.Maximum, s.ExclusiveMaximum = ogen.Num(f.Limits.Max), f.Limits.ExclusiveMax
	}
	return s
}

// base64Len is how many characters so many bytes have in base64, which the contract counts.
func base64Len(bytes *uint64) *uint64 {
	if bytes == nil {
		return nil
	}
	n := uint64(base64.StdEncoding.EncodedLen(int(*bytes)))
	return &n
}

// bytesLimit says how many bytes a field has.
func bytesLimit(f *model.Field) string {
	if f.Limits.MinLen == nil || *f.Limits.MinLen == 0 {
		return fmt.Sprintf("At most %d bytes.", *f.Limits.MaxLen)
	}
	return fmt.Sprintf("From %d to %d bytes.", *f.Limits.MinLen, *f.Limits.MaxLen)
}

// jsonLimit says how large a JSON field may be, which OpenAPI has no keyword for.
func jsonLimit(f *model.Field) string {
	return fmt.Sprintf("At most %d bytes as Postgres writes it, and %d levels deep.", *f.Limits.MaxBytes, contract.MaxJSONDepth)
}

// object starts a schema that, in a body, refuses unknown fields.
func object(description string) *ogen.Schema {
	return ogen.NewSchema().SetType("object").SetDescription(description)
}

// closed makes an object refuse fields it does not name: a misspelt one must not be silently ignored.
func closed(s *ogen.Schema) *ogen.Schema {
	no := false
	s.AdditionalProperties = &ogen.AdditionalProperties{Bool: &no}
	return s
}

// writeEntitySchemas replaces what entoas wrote for each entity: every field present in an answer, camelCase, described.
func writeEntitySchemas(doc *document) error {
	for _, e := range doc.entities {
		s := fields(e, e.Comment)
		for _, x := range e.Expansions {
			s.AddOptionalProperties(expansion(x, "Present when expanded.").ToProperty(x.Name))
		}
		doc.spec.Components.Schemas[e.Name] = s
	}
	for _, e := range doc.entities {
		if !e.HasBase() {
			continue
		}
		doc.spec.Components.Schemas[e.BaseName()] = fields(e, e.Comment+" Without related rows.")
	}
	return nil
}

// fields is the schema of an entity's rows without expansions.
func fields(e *model.Entity, description string) *ogen.Schema {
	s := object(description)
	for _, f := range e.Fields {
		s.AddRequiredProperties(answered(f).ToProperty(f.JSON))
	}
	return s
}

// writeBodies writes <Entity>Create and <Entity>Update. An update is a JSON Merge Patch (RFC 7396): a field that is absent
// stays, null clears.
func writeBodies(doc *document) error {
	for _, e := range doc.entities {
		if e.Has(contract.Create) {
			doc.spec.AddSchema(e.Name+"Create", createBody(e))
		}
		if e.Has(contract.Update) {
			doc.spec.AddSchema(e.Name+"Update", updateBody(e))
		}
	}
	return nil
}

func createBody(e *model.Entity) *ogen.Schema {
	create := closed(object(strings.TrimSpace(fmt.Sprintf("What a new %s is made of. ", e.Label()) + checks(e))))
	for _, f := range e.Creatable() {
		s := accepted(f)
		s.Default = ogen.Default(f.Default)
		if f.Required {
			create.AddRequiredProperties(s.ToProperty(f.JSON))
		} else {
			create.AddOptionalProperties(s.ToProperty(f.JSON))
		}
	}
	return create
}

// checks lists the CHECKs that the schema declares with a message: what breaks one is answered 422, with the code `check`.
func checks(e *model.Entity) string {
	var messages []string
	for _, c := range e.Checks() {
		messages = append(messages, strings.TrimSpace(c.Message))
	}
	if len(messages) == 0 {
		return ""
	}
	return "Checks: " + strings.Join(messages, " ")
}

func updateBody(e *model.Entity) *ogen.Schema {
	update := closed(object(strings.TrimSpace(fmt.Sprintf("Changes to %s, as a JSON Merge Patch: absent fields stay, null clears. ", e.ALabel()) + checks(e))))
	for _, f := range e.Updatable() {
		if f.Merged() {
			update.AddOptionalProperties(patched(f).ToProperty(f.JSON))
			continue
		}
		update.AddOptionalProperties(accepted(f).ToProperty(f.JSON))
	}
	return update
}

// writeDetails writes the schema of get for entities with default expansions: the entity's fields and the expansions.
func writeDetails(doc *document) error {
	for _, e := range doc.entities {
		if e.Detail == nil {
			continue
		}
		s := fields(e, e.Comment+" With its default expansions.")
		for _, x := range e.Detail.Expansions {
			s.AddRequiredProperties(expansion(x, "").ToProperty(x.Name))
		}
		for _, x := range e.Expansions {
			if !e.IsDefault(x) {
				s.AddOptionalProperties(expansion(x, "Present when expanded.").ToProperty(x.Name))
			}
		}
		doc.spec.AddSchema(e.Detail.Name, s)
	}
	return nil
}

// expansion is the property that shows related rows. One row is a plain reference, which in OpenAPI 3.0 takes no text.
func expansion(x *model.Expansion, note string) *ogen.Schema {
	if x.Single {
		return ref(x.Schema())
	}
	text := strings.TrimSpace(fmt.Sprintf("%s The first %d that the caller may read, as many as fit into the answer's %d MiB of JSON. %s", x.Comment, expansionCap, contract.MaxAnswerBytes>>20, note))
	return ref(x.Schema()).AsArray().SetDescription(text)
}

func ref(name string) *ogen.Schema { return ogen.NewSchema().SetRef("#/components/schemas/" + name) }
