package admission

// Tenants is how many tenants are remembered.
func (g *Gate) Tenants() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.tenants)
}
