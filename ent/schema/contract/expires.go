package contract

import "time"

// Expiry is how long rows of an entity are kept.
type Expiry struct {
	// Field is the time from which a row's life is counted.
	Field string `json:"field"`
	// After is how long a row is kept from then on.
	After time.Duration `json:"after"`
}

// Expires has the servers delete rows of the entity once the time in the field is longer ago than after: within ten minutes,
// in all tenants, in small batches beside the requests (internal/retention). An index must begin with the field; generation
// fails without. Rows are deleted past Ent's hooks, so nothing may refer to them.
func Expires(field string, after time.Duration) Annotation {
	return Annotation{Expiry: &Expiry{Field: field, After: after}}
}
