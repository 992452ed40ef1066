package api_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// TestWhoReachesWhomEqualsThePlainWay compares lists, single reads, counts and grants of people without permissions with what
// Go finds in a random line of management: several roots, circles, chains. The ways that pages take for those who lead many
// are compared in internal/authz, which has bounds for tests.
func TestWhoReachesWhomEqualsThePlainWay(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	const size = 40
	harmless := s.addRole(t, s.acme.id, "Harmless", "tenants:read")
	people, manager := make([]person, 0, size), map[uuid.UUID]uuid.UUID{}
	for i := range size {
		var above *uuid.UUID
		if i > 0 && random.IntN(8) > 0 {
			above = &people[max(random.IntN(i), i-1-random.IntN(3))].id
		}
		var roles []uuid.UUID
		if random.IntN(2) == 0 {
			roles = append(roles, harmless)
		}
		people = append(people, s.addUser(t, s.acme.id, fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("P %d", random.IntN(10)), above, roles...))
		if above != nil {
			manager[people[i].id] = *above
		}
	}
	for range 3 { // whoever has no manager may be led by somebody below: a circle
		led, by := people[random.IntN(size)].id, people[random.IntN(size)].id
		s.exec(t, `UPDATE core.users SET manager_id = $1 WHERE id = $2`, by, led)
		manager[led] = by
	}
	for range 6 {
		caller := people[random.IntN(size)]
		reached := map[uuid.UUID]bool{caller.id: true}
		for before := 0; before != len(reached); {
			before = len(reached)
			for id, above := range manager {
				if reached[above] {
					reached[id] = true
				}
			}
		}
		var want []string
		for id := range maps.Keys(reached) {
			want = append(want, id.String())
		}
		slices.Sort(want)
		for _, list := range []string{"/v1/users", "/v1/users?sort=displayName", "/v1/users?sort=-createdAt", "/v1/users?status=active"} {
			got := s.walk(t, caller.token, list, "id")
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s: got %v, want %v", list, caller.id, got, want)
			}
		}
		s.check(t, call{path: "/v1/users?count=exact&limit=1", token: caller.token, status: 200, want: fmt.Sprintf(`{"totalCount": %d}`, len(want))})
		grants := s.walk(t, caller.token, "/v1/user-roles", "userId")
		slices.Sort(grants)
		if held := s.count(t, `SELECT count(*) FROM core.user_roles WHERE user_id::text = ANY ($1)`, want); len(grants) != held ||
			slices.ContainsFunc(grants, func(id string) bool { return !slices.Contains(want, id) }) {
			t.Errorf("grants of %s: got those of %v, want %d", caller.id, grants, held)
		}
		for _, p := range people {
			status := 404
			if reached[p.id] {
				status = 200
			}
			s.check(t, call{path: "/v1/users/" + p.id.String(), token: caller.token, status: status})
		}
	}
}
