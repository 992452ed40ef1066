package authz

// With is the reach with other bounds, so that small forests are too large for them.
func (r *Reach) With(b Bounds) *Reach {
	other := *r
	other.bounds = b
	return &other
}
