package schema

import (
	"time"

	"entgo.io/ent"
)

const day = 24 * time.Hour

// All are the entities of the page.
func All() []ent.Interface {
	return []ent.Interface{Tenant{}, Team{}, Product{}, Person{}, Club{}, Membership{}, Letter{}, Plan{}, Clue{}}
}
