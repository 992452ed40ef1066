// Package schema is the domain of docs/schema.md. Every element under a comment of the form "Title: text" is a row of that page: the
// page shows its source, and what disappears from SQL, contract and SDK without it. To document an annotation, add an element that
// carries it, and run go test ./internal/codegen/reference -update.
package schema

import (
	"regexp"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// Address is a structure inside a JSON field.
type Address struct {
	Street string  `json:"street" doc:"Street and number." max:"100"`
	Zip    *string `json:"zip"`
}

// Product has a field of every type.
type Product struct{ ent.Schema }

// Mixin of Product.
func (Product) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

// Fields of Product.
func (Product) Fields() []ent.Field {
	return []ent.Field{
		// Text: `MaxRuneLen` is the most characters, 10,000 without it. `NotEmpty` and `MinLen` hold in contract, server and database.
		field.String("name").NotEmpty().MaxRuneLen(200).Comment("Name."),
		// Text of a form: `Match` takes an RE2 expression. Postgres knows another dialect, so the database does not ask.
		field.String("code").MaxRuneLen(12).Match(regexp.MustCompile(`^[A-Z]{2}-[0-9]+$`)).Annotations(contract.Example("AB-1{{n}}")).Comment("Code."),
		// Long text: `field.Text` is the same with another widget in mind. Without `MaxLen` the column is text, and a CHECK holds the 10,000 characters.
		field.Text("story").MaxLen(5000).Comment("Story."),
		// Optional: `Optional().Nillable()` is null in SQL, contract and Go; one without the other is refused.
		field.String("note").Optional().Nillable().MaxRuneLen(500).Comment("Note."),
		// Default: a create body without the field means the default, and the contract shows it.
		field.String("unit").Default("piece").MaxRuneLen(20).Comment("Unit."),
		// Immutable: set at creation, absent from updates.
		field.String("origin").Immutable().MaxRuneLen(60).Comment("Origin."),
		// Secret: `Sensitive` fields are accepted and never answered.
		field.String("pin").Sensitive().MaxRuneLen(20).Comment("Pin."),
		// E-mail address: of the form browsers take, stored in lower case; a unique index that ends with it ignores case.
		field.String("mail").MaxRuneLen(254).Annotations(contract.Email()).Comment("E-mail address."),
		// Enumeration: varchar and a CHECK, so that a value can be added without rewriting a type.
		field.Enum("state").Values("new", "used").Default("new").Comment("State."),
		// Whole number: `Min`, `Max`, `Range`, `Positive` and the like are CHECKs and limits of the contract.
		field.Int("stock").NonNegative().Max(100000).Comment("In stock."),
		// Small whole number: the limits of the Go type are those of the contract and of the database.
		field.Int8("shelf").Comment("Shelf."),
		// Whole number of 64 bits: beyond ±9007199254740991 most readers of JSON round, so it is a text on the wire. Without the annotation those are its limits.
		field.Int64("serial").Annotations(contract.AsText()).Comment("Serial number."),
		// Sample: a value for the rows that migrations are proven on, where no value that the planner makes up passes a CHECK. `contract.SampleRow` gives values of several fields that go together, on the entity.
		field.String("iban").MaxRuneLen(34).Annotations(contract.Sample("DE89370400440532013000"), contract.Example("DE893704004405320130{{n}}")).Comment("Account that it is sold to."),
		// Number: binary floating point. NaN and infinities are refused.
		field.Float("weight").Positive().Comment("Weight in kg."),
		// Decimal and money: a numeric with its digits, which travels as text, because JSON numbers lose cents.
		field.Other("price", decimal.Decimal{}).SchemaType(map[string]string{dialect.Postgres: "numeric(12,2)"}).Comment("Price."),
		// Flag: true or false.
		field.Bool("active").Default(true).Comment("Whether it is sold."),
		// Time: an instant, RFC 3339 with microseconds, in UTC.
		field.Time("seen_at").Comment("When it was last seen."),
		// Date: a day without a time or a zone.
		field.Time("made_on").SchemaType(map[string]string{dialect.Postgres: "date"}).Comment("When it was made."),
		// Identifier: a UUID that is no reference. For references see edges.
		field.UUID("batch", uuid.UUID{}).Comment("Batch."),
		// Bytes: base64 on the wire. `MaxLen` counts bytes, 64 KiB without it.
		field.Bytes("picture").MaxLen(1024).Comment("Picture."),
		// List of texts: a Postgres array. `contract.Distinct` stores each text once.
		field.Other("tags", pq.StringArray{}).SchemaType(map[string]string{dialect.Postgres: "text[]"}).Annotations(contract.MaxItems(10), contract.MaxItemLen(30), contract.Distinct()).Comment("Tags."),
		// JSON with a structure: the Go type's, of which every member is in the contract; `doc` and `max` are tags of its members.
		field.JSON("maker", Address{}).Annotations(contract.JSON(Address{}), contract.MaxBytes(2000)).Comment("Where it is made."),
		// JSON without a structure: any object.
		field.JSON("extra", map[string]any{}).Optional().Comment("Whatever else is known."),
	}
}

// Annotations of Product.
func (Product) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Something to sell."),
		// CHECK with a message: over one column or several. Whoever breaks it is told so, 422 at each member that it names.
		contract.Check("products_shelf_check", `"shelf" < "stock"`, "There must be more in stock than shelves."),
	}
}
