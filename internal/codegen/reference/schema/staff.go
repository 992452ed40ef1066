package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// Tenant owns the others.
type Tenant struct{ ent.Schema }

// Mixin of Tenant.
func (Tenant) Mixin() []ent.Mixin { return []ent.Mixin{contract.Identified{}} }

// Annotations of Tenant.
func (Tenant) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Customer."), contract.Without(contract.Create, contract.Update, contract.Delete)}
}

// Team shows the mixins.
type Team struct{ ent.Schema }

// Mixin of Team.
func (Team) Mixin() []ent.Mixin {
	return []ent.Mixin{
		// TenantOwned: each row belongs to one tenant. Keys, references and unique indexes begin with the tenant, and the planner adds row-level security. Without it, `Identified` alone makes rows that every tenant reads and the platform writes.
		contract.TenantOwned{},
		// Versioned: counts a row's changes; the count is its ETag, which If-Match and If-None-Match compare.
		contract.Versioned{},
		// Timestamps: when a row was created and last changed, to the microsecond.
		contract.Timestamps{},
	}
}

// Fields of Team.
func (Team) Fields() []ent.Field {
	return []ent.Field{
		field.String("label").MaxRuneLen(50).Comment("Label."),
		field.UUID("parent_id", uuid.UUID{}).Optional().Nillable().Comment("Team that it is part of."),
	}
}

// Edges of Team.
func (Team) Edges() []ent.Edge {
	return []ent.Edge{
		// Tree without circles: a write by which a row would come to lie below itself is 422, however many there are at once.
		edge.To("parts", Team.Type).Comment("Teams that are part of it.").From("parent").Unique().Field("parent_id").Annotations(contract.Acyclic()).Comment("Team that it is part of."),
	}
}

// Annotations of Team.
func (Team) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("People who work together.")}
}

// Person has an annotation of every kind on its fields, and every edge.
type Person struct{ ent.Schema }

// Mixin of Person.
func (Person) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

// Fields of Person.
func (Person) Fields() []ent.Field {
	return []ent.Field{
		field.String("surname").MaxRuneLen(80).Comment("Surname."),
		field.String("given_name").MaxRuneLen(80).Comment("Given name."),
		field.UUID("boss_id", uuid.UUID{}).Optional().Nillable().Comment("Whom they report to."),
		field.UUID("team_id", uuid.UUID{}).Comment("Team."),
		field.Int("grade").Range(1, 9).Comment("Grade."),
		// Hidden: null to callers without the permission; the user whose id the second field holds sees their own.
		field.String("salary_code").Optional().Nillable().MaxRuneLen(9).Annotations(contract.VisibleWith("people:read_pay", "id")).Comment("Salary."),
		// Written by the server: answered and never accepted; a hook or a custom operation sets it.
		field.Int("logins").Default(0).Annotations(contract.ServerOwned()).Comment("How often they signed in."),
		// Computed by Postgres: an SQL expression over columns of the same row. Sort, filter and index it as any other.
		field.String("full_name").Optional().Nillable().MaxRuneLen(161).Annotations(contract.Generated("given_name || ' ' || surname")).Comment("Whole name."),
		// Example: a value for documentation and tests; {{n}} makes it unique. Needed where `Match` asks for a form.
		field.String("badge").MaxRuneLen(10).Annotations(contract.Example("B{{n}}")).Comment("Badge."),
		// Permissions: the texts of the field are permissions of the API; a hook refuses others.
		field.Other("rights", pq.StringArray{}).SchemaType(map[string]string{dialect.Postgres: "text[]"}).Annotations(contract.Permissions()).Comment("Rights."),
		// Deprecated field: the contract and the SDK's editors strike it through.
		field.String("fax").Optional().Nillable().MaxRuneLen(30).Annotations(contract.Deprecated("2026-11-01", "2027-05-01")).Comment("Fax."),
		// Renamed column: the planner renames instead of dropping and adding. It may stay after that.
		field.String("town").MaxRuneLen(80).Annotations(contract.RenamedFrom("city")).Comment("Town."),
	}
}

// Edges of Person.
func (Person) Edges() []ent.Edge {
	return []ent.Edge{
		// Tree: an edge to the own type and back. The inverse holds the column, and lists of either side expand.
		edge.To("reports", Person.Type).Comment("Who reports to them.").From("boss").Unique().Field("boss_id").Comment("Whom they report to."),
		// Reference: `Unique().Field(…)` is a foreign key that carries the tenant, so that no row points into another one, with an index.
		edge.To("team", Team.Type).Unique().Required().Field("team_id").Comment("Their team."),
		// Through a join entity: many-to-many edges are refused, since their table would carry no tenant; this shows the far side.
		edge.To("memberships", Membership.Type).Immutable().Annotations(contract.Through("clubs", "club")).Comment("Clubs they are in."),
		// Deletes with it: `contract.Cascade` deletes the rows that refer to one that is deleted, in the same transaction; `contract.Clear` sets them null; `contract.Refuse`, the default, answers 409.
		edge.To("letters", Letter.Type).Annotations(contract.OnDelete(contract.Cascade)).Comment("Letters they wrote."),
	}
}

// Indexes of Person.
func (Person) Indexes() []ent.Index {
	return []ent.Index{
		// Index: the tenant leads, whatever is written. Sorts and filters each need one that begins with their field.
		index.Fields("surname", "id"),
		index.Fields("grade", "id"),
		// Unique: within the tenant. A violation is 409 and names the fields.
		index.Fields("surname", "given_name").Unique(),
		// Some rows only: a partial index, with the condition as Postgres prints it.
		index.Fields("given_name").Annotations(entsql.IndexWhere("grade > 5")),
	}
}

// Annotations of Person.
func (Person) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Somebody who works here."),
		// Sort: the fields lists can be ordered by.
		contract.Sort("surname"),
		// Filter: one of several values, ranges of numbers and times, null or not.
		contract.Filter("grade"),
		// Search: a part of the text in any case. It reads all rows of the tenant.
		contract.Search("surname", "given_name"),
		// Allow: opens read, update or delete to callers without the permission who are related to the row: `contract.Self` by a field that holds their id, `contract.ManagerOf` to all above it.
		contract.Allow(contract.Read, contract.Self("id"), contract.ManagerOf("id")),
		// Check: a condition over several columns, by name.
		entsql.Checks(map[string]string{"people_own_boss": `"boss_id" <> "id"`}),
		// In a transaction: for hooks that check or write more than the row.
		contract.InTransaction(),
		// Refuses: documents a problem that a rule of the entity's own answers, by its code in `internal/problem/table.go`.
		contract.Refuses("last_administrator", contract.Delete),
		// Deprecated operations: headers Deprecation and Sunset, and a struck-through method.
		contract.Deprecated("2026-11-01", "", contract.Delete),
	}
}

// Club is joined by memberships.
type Club struct{ ent.Schema }

// Mixin of Club.
func (Club) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

// Fields of Club.
func (Club) Fields() []ent.Field {
	return []ent.Field{field.String("title").MaxRuneLen(50).Comment("Title.")}
}

// Edges of Club.
func (Club) Edges() []ent.Edge {
	return []ent.Edge{edge.To("memberships", Membership.Type).Immutable().Comment("Who is in it.")}
}

// Annotations of Club.
func (Club) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Club."),
		// Detail: what get answers besides, unasked.
		contract.Detail("ClubWithMembers", "memberships"),
		// Without: leaves operations out, because there are none or a custom one stands in their place.
		contract.Without(contract.Delete),
		// Renamed table: as a renamed column.
		contract.RenamedFrom("associations"),
	}
}

// Membership joins people and clubs.
type Membership struct{ ent.Schema }

// Mixin of Membership.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

// Fields of Membership.
func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("person_id", uuid.UUID{}).Immutable().Comment("Who."),
		field.UUID("club_id", uuid.UUID{}).Immutable().Comment("Where."),
	}
}

// Edges of Membership.
func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("person", Person.Type).Ref("memberships").Unique().Required().Immutable().Field("person_id").Comment("Who."),
		edge.From("club", Club.Type).Ref("memberships").Unique().Required().Immutable().Field("club_id").Comment("Where."),
	}
}

// Annotations of Membership.
func (Membership) Annotations() []schema.Annotation {
	return []schema.Annotation{schema.Comment("Membership of a club.")}
}

// Letter is searched by its words and kept for a while.
type Letter struct{ ent.Schema }

// Mixin of Letter.
func (Letter) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

// Fields of Letter.
func (Letter) Fields() []ent.Field {
	return []ent.Field{
		field.String("subject").MaxRuneLen(200).Comment("Subject."),
		field.Text("body").MaxLen(9000).Comment("Body."),
		field.Time("sent_at").Comment("When it was sent."),
		field.UUID("writer_id", uuid.UUID{}).Comment("Who wrote it."),
	}
}

// Edges of Letter.
func (Letter) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("writer", Person.Type).Ref("letters").Unique().Required().Field("writer_id").Comment("Who wrote it."),
	}
}

// Indexes of Letter.
func (Letter) Indexes() []ent.Index { return []ent.Index{index.Fields("sent_at")} }

// Annotations of Letter.
func (Letter) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Letter."),
		// Full-text search: q looks for words in a tsvector of `ent/schema/*.sql`, see [below](#sql-of-your-own).
		contract.FullText("words", "english"),
		// Expires: servers delete rows once the time is longer ago than that, in all tenants, in small steps. Nothing may refer to them.
		contract.Expires("sent_at", 90*day),
	}
}

// Plan is of the platform.
type Plan struct{ ent.Schema }

// Mixin of Plan.
func (Plan) Mixin() []ent.Mixin { return []ent.Mixin{contract.Identified{}} }

// Fields of Plan.
func (Plan) Fields() []ent.Field {
	return []ent.Field{field.String("tier").MaxRuneLen(20).Comment("Tier.")}
}

// Annotations of Plan.
func (Plan) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("What customers pay for."),
		// Platform only: for callers that act on tenants, and not inside one.
		contract.PlatformOnly(contract.Create, contract.Update, contract.Delete),
	}
}

// Clue is the servers' own.
type Clue struct{ ent.Schema }

// Mixin of Clue.
func (Clue) Mixin() []ent.Mixin { return []ent.Mixin{contract.TenantOwned{}} }

// Fields of Clue.
func (Clue) Fields() []ent.Field {
	return []ent.Field{field.String("thread").MaxRuneLen(20).Comment("Thread.")}
}

// Annotations of Clue.
func (Clue) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("What only the servers know."),
		// Internal: a table and an Ent client, and no part of the API.
		contract.Internal(),
	}
}
