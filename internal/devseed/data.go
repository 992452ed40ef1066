package devseed

import "time"

// epoch is when the first organisation was founded. Every other time follows from it, so that all databases of all
// developers hold the same rows.
var epoch = time.Date(2025, time.January, 6, 8, 30, 0, 0, time.UTC)

// Names of the roles.
const (
	administrator = "Administrator"
	member        = "Member"
	peopleManager = "People manager"
	supportAgent  = "Support agent"
	auditor       = "Auditor"
)

// roles are what every organisation starts with.
var roles = []struct {
	name, description string
	permissions       []string
}{
	{administrator, "May do everything, also what is added later.", []string{"*"}},
	{member, "Looks up colleagues and what they may do.", []string{
		"users:read", "roles:read", "user_roles:read", "tenants:read",
	}},
	{peopleManager, "Adds people, keeps their records and grants roles.", []string{
		"users:read", "users:read_pii", "users:create", "users:update", "roles:read", "user_roles:read", "user_roles:create", "user_roles:delete", "tenants:read",
	}},
	{supportAgent, "Corrects people's records.", []string{
		"users:read", "users:read_pii", "users:update", "tenants:read",
	}},
	{auditor, "Reviews roles and grants.", []string{
		"users:read", "roles:read", "user_roles:read", "tenants:read",
	}},
}

// is is the list of a person's roles.
func is(roles ...string) []string { return roles }

var organisations = []organisation{
	{slug: "acme", name: "Acme Tools", domain: "acme.example", people: []person{
		{name: "Ingrid Halvorsen", roles: is(administrator, peopleManager)},

		{name: "Marcus Oyelaran", manager: "Ingrid Halvorsen", roles: is(member, peopleManager)},
		{name: "Priya Raghunathan", manager: "Marcus Oyelaran", roles: is(member, peopleManager)},
		{name: "Tomás Ferreira", manager: "Priya Raghunathan", roles: is(member)},
		{name: "Hannah Lindqvist", manager: "Priya Raghunathan", roles: is(member)},
		{name: "Yusuf Demir", manager: "Priya Raghunathan", roles: is(member)},
		{name: "Chloé Marchand", manager: "Priya Raghunathan", roles: is(member), left: true},
		{name: "Kenji Watanabe", manager: "Marcus Oyelaran", roles: is(member, peopleManager)},
		{name: "Ewa Wiśniewska", manager: "Kenji Watanabe", roles: is(member)},
		{name: "Liam Gallagher-Byrne", manager: "Kenji Watanabe", roles: is(member)},
		{name: "Amara Nwosu", manager: "Kenji Watanabe", roles: is(member)},
		{name: "Nadia Petrova", manager: "Marcus Oyelaran", roles: is(member, peopleManager)},
		{name: "Oskar Bergmann", manager: "Nadia Petrova", roles: is(member)},
		{name: "Rosa Jiménez", manager: "Nadia Petrova", roles: is(member)},

		{name: "Claire Dubois", manager: "Ingrid Halvorsen", roles: is(member, peopleManager)},
		{name: "Daniel Okafor", manager: "Claire Dubois", roles: is(member, supportAgent)},
		{name: "Mei-Ling Chen", manager: "Daniel Okafor", roles: is(member, supportAgent)},
		{name: "Patrick O'Neill", manager: "Daniel Okafor", roles: is(member, supportAgent)},
		{name: "Zeynep Kaya", manager: "Daniel Okafor", roles: is(member, supportAgent)},
		{name: "Sofia Rossi", manager: "Claire Dubois", roles: is(member)},
		{name: "Viktor Novák", manager: "Sofia Rossi", roles: is(member)},
		{name: "Grace Kimani", manager: "Sofia Rossi", roles: is(member)},

		{name: "Jonas Schäfer", manager: "Ingrid Halvorsen", roles: is(member, auditor)},
		{name: "Leila Haddad", manager: "Jonas Schäfer", roles: is(member, auditor)},
		{name: "Samuel Adeyemi", manager: "Jonas Schäfer", roles: is(member)},
		{name: "Freya Nielsen", manager: "Jonas Schäfer", roles: is(member), left: true},
	}},
	{slug: "globex", name: "Globex Logistics", domain: "globex.example", people: []person{
		{name: "Rafael Cardoso", roles: is(administrator, peopleManager)},

		{name: "Aisha Rahman", manager: "Rafael Cardoso", roles: is(member, peopleManager)},
		{name: "Henrik Sørensen", manager: "Aisha Rahman", roles: is(member, peopleManager)},
		{name: "Julia Kowalczyk", manager: "Henrik Sørensen", roles: is(member)},
		{name: "Mateo Vargas", manager: "Henrik Sørensen", roles: is(member)},
		{name: "Anika Vogel", manager: "Henrik Sørensen", roles: is(member)},
		{name: "Thabo Molefe", manager: "Aisha Rahman", roles: is(member, peopleManager)},
		{name: "Elena Popescu", manager: "Thabo Molefe", roles: is(member)},
		{name: "Noah Friedman", manager: "Thabo Molefe", roles: is(member)},
		{name: "Siti Nurhaliza", manager: "Thabo Molefe", roles: is(member), left: true},
		{name: "Birgit Hofmann", manager: "Thabo Molefe", roles: is(member)},

		{name: "Katarzyna Zielińska", manager: "Rafael Cardoso", roles: is(member, peopleManager)},
		{name: "Andre Baptiste", manager: "Katarzyna Zielińska", roles: is(member, supportAgent)},
		{name: "Maya Goldberg", manager: "Andre Baptiste", roles: is(member, supportAgent)},
		{name: "Pekka Virtanen", manager: "Andre Baptiste", roles: is(member, supportAgent)},
		{name: "Farah Aziz", manager: "Katarzyna Zielińska", roles: is(member)},
		{name: "Luca Moretti", manager: "Farah Aziz", roles: is(member)},
		{name: "Hye-jin Park", manager: "Farah Aziz", roles: is(member)},
		{name: "Omar El-Sayed", manager: "Farah Aziz", roles: is(member)},

		{name: "Charlotte Whitfield", manager: "Rafael Cardoso", roles: is(member, auditor)},
		{name: "Dmitri Sokolov", manager: "Charlotte Whitfield", roles: is(member, auditor)},
		{name: "Isabelle Tremblay", manager: "Charlotte Whitfield", roles: is(member)},
		{name: "Kofi Mensah", manager: "Charlotte Whitfield", roles: is(member)},
		{name: "Annika Ekström", manager: "Isabelle Tremblay", roles: is(member)},
	}},
}
