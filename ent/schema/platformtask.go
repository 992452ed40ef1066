package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// PlatformTask is work that one server at a time does for all tenants. It is the servers' own and no part of the API.
type PlatformTask struct{ ent.Schema }

// Mixin of PlatformTask.
func (PlatformTask) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Fields of PlatformTask.
func (PlatformTask) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").MaxLen(63).Immutable().
			Comment("Name of the task."),
		field.UUID("holder", uuid.UUID{}).
			Comment("Server process that does the task, or did it last."),
		field.Time("due_at").
			Comment("From when on any server may take the task."),
		field.Time("done_at").
			Comment("When the task was last completed; when it was first taken, until then."),
	}
}

// Indexes of PlatformTask.
func (PlatformTask) Indexes() []ent.Index { return []ent.Index{index.Fields("name").Unique()} }

// Annotations of PlatformTask.
func (PlatformTask) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Work that one server at a time does for all tenants."),
		contract.Internal(),
	}
}
