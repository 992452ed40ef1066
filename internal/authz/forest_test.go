package authz_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// forest is people of one tenant who manage each other, and things that belong to them.
type forest struct {
	conn    *pgx.Conn
	tenant  uuid.UUID
	people  []uuid.UUID
	manager map[uuid.UUID]uuid.UUID
	things  []thing
}

// thing is a row whose columns hold people, or nobody.
type thing struct {
	id, parent          uuid.UUID
	owner, author, lead *uuid.UUID
}

var line = authz.Line{Schema: "f", Table: "people", Tenant: "tenant_id", ID: "id", Manager: "manager_id"}

// rules are every way in which an entity can declare its relations.
var rules = map[string]authz.Rule{
	"own":                      {Self: []string{"owner"}},
	"led":                      {Manager: []string{"owner"}},
	"own and led":              {Self: []string{"owner"}, Manager: []string{"owner"}},
	"own by one, led by other": {Self: []string{"owner"}, Manager: []string{"author"}},
	"several own":              {Self: []string{"owner", "author"}},
	"several of each":          {Self: []string{"owner", "author"}, Manager: []string{"author", "lead"}},
}

const forestSchema = `CREATE SCHEMA f;
	CREATE TABLE f.people (tenant_id uuid, id uuid, manager_id uuid, PRIMARY KEY (tenant_id, id));
	CREATE INDEX ON f.people (tenant_id, manager_id, id);
	CREATE TABLE f.things (tenant_id uuid, id uuid, parent uuid NOT NULL, owner uuid, author uuid, lead uuid, PRIMARY KEY (tenant_id, id));
	CREATE INDEX ON f.things (tenant_id, owner); CREATE INDEX ON f.things (tenant_id, author); CREATE INDEX ON f.things (tenant_id, lead);
	CREATE INDEX ON f.things (tenant_id, parent, id)`

// plant grows a forest: several roots, people who manage each other in a circle or themselves, a chain, managers of many.
func plant(t *testing.T, conn *pgx.Conn, random *rand.Rand, size int) *forest {
	t.Helper()
	f := &forest{conn: conn, tenant: uuid.New(), manager: map[uuid.UUID]uuid.UUID{}}
	for range size {
		f.people = append(f.people, uuid.New())
	}
	chained := random.IntN(size/2 + 1)
	for i, id := range f.people {
		switch {
		case i > 0 && i <= chained:
			f.manager[id] = f.people[i-1]
		case random.IntN(20) == 0: // a root
		case random.IntN(15) == 0:
			f.manager[id] = f.people[random.IntN(size)] // anybody, also in a circle
		case i > 0:
			f.manager[id] = f.people[random.IntN(1+random.IntN(i))]
		}
	}
	if random.IntN(3) > 0 {
		f.manager[f.people[0]] = f.people[chained] // the chain becomes a circle
	}
	someone := func() *uuid.UUID {
		if random.IntN(5) == 0 {
			return nil
		}
		return &f.people[random.IntN(size)]
	}
	for range 3 * size {
		f.things = append(f.things, thing{id: uuid.New(), parent: f.people[random.IntN(3)], owner: someone(), author: someone(), lead: someone()})
	}
	batch := &pgx.Batch{}
	for _, id := range f.people {
		manager, led := f.manager[id]
		batch.Queue(`INSERT INTO f.people VALUES ($1, $2, $3)`, f.tenant, id, pgxNull(manager, led))
		// The same ids in another tenant, where all are below everybody: a statement that forgets the tenant shows it.
		batch.Queue(`INSERT INTO f.people VALUES ($1, $2, $3)`, uuid.Max, id, f.people[0])
	}
	for _, x := range f.things {
		batch.Queue(`INSERT INTO f.things VALUES ($1, $2, $3, $4, $5, $6)`, f.tenant, x.id, x.parent, x.owner, x.author, x.lead)
		batch.Queue(`INSERT INTO f.things VALUES ($1, $2, $3, $4, $5, $6)`, uuid.Max, uuid.New(), x.parent, x.owner, x.author, x.lead)
	}
	if err := conn.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
	return f
}

func pgxNull(id uuid.UUID, valid bool) *uuid.UUID {
	if !valid {
		return nil
	}
	return &id
}

// below is who the caller leads, found the plain way.
func (f *forest) below(caller uuid.UUID) map[uuid.UUID]bool {
	led := map[uuid.UUID]bool{}
	for grown := true; grown; {
		grown = false
		for id, manager := range f.manager {
			if !led[id] && (manager == caller || led[manager]) {
				led[id], grown = true, true
			}
		}
	}
	return led
}

// within is which things are within the caller's reach, by id.
func (f *forest) within(rule authz.Rule, caller uuid.UUID) []thing {
	led := f.below(caller)
	var out []thing
	for _, x := range f.things {
		column := map[string]*uuid.UUID{"owner": x.owner, "author": x.author, "lead": x.lead}
		reached := false
		for _, name := range rule.Self {
			reached = reached || column[name] != nil && *column[name] == caller
		}
		for _, name := range rule.Manager {
			reached = reached || column[name] != nil && led[*column[name]]
		}
		if reached {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b thing) int { return slices.Compare(a.id[:], b.id[:]) })
	return out
}

// query runs the query of the things that use narrows.
func (f *forest) query(t *testing.T, use func(*sql.Selector)) []uuid.UUID {
	t.Helper()
	s := sql.Dialect(dialect.Postgres).Select().From(sql.Table("things").Schema("f"))
	s.Select(s.C("id"))
	use(s)
	s.Where(sql.EQ(s.C("tenant_id"), f.tenant))
	text, args := s.Query()
	rows, err := f.conn.Query(t.Context(), text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return ids
}

func byID(s *sql.Selector) { s.OrderBy(s.C("id")) }

func ids(things []thing, keep func(thing) bool) []uuid.UUID {
	out := []uuid.UUID{}
	for _, x := range things {
		if keep == nil || keep(x) {
			out = append(out, x.id)
		}
	}
	return out
}

// TestReachesEqualThePlainWay compares every use of a reach with what Go finds, in random forests, for every rule and many
// callers. Forests are larger than how many people are looked at, so that each of the ways of a page is taken.
func TestReachesEqualThePlainWay(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), forestSchema); err != nil {
		t.Fatal(err)
	}
	for _, bounds := range []authz.Bounds{{}, {Nearby: 3, PerParent: 1000, First: 4, Above: 1000}, {Nearby: 7, PerParent: 1000, First: 1, Above: 5}, {Nearby: 20, PerParent: 1000, First: 2, Above: 30}} {
		f := plant(t, conn, random, 12+random.IntN(80))
		for _, caller := range append(f.people[:3:3], f.people[random.IntN(len(f.people))], uuid.New()) {
			ctx := authn.With(t.Context(), &authn.Principal{TenantID: f.tenant, UserID: caller})
			for _, name := range slices.Sorted(maps.Keys(rules)) {
				rule := rules[name]
				rule.Permission, rule.Line = "things:read", line
				reach, err := rule.Reach(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if bounds != (authz.Bounds{}) {
					reach = reach.With(bounds)
				}
				f.compare(t, fmt.Sprintf("%s, %+v, caller %s", name, bounds, caller), reach, f.within(rule, caller))
			}
		}
	}
}

func (f *forest) compare(t *testing.T, name string, reach *authz.Reach, want []thing) {
	t.Helper()
	same := func(use string, got []uuid.UUID, want []uuid.UUID) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s, %s: got %d rows, want %d", name, use, len(got), len(want))
		}
	}
	head := func(ids []uuid.UUID, n int) []uuid.UUID { return ids[:min(n, len(ids))] }
	all, parent := ids(want, nil), f.people[0]
	of := func(s *sql.Selector) { s.Where(sql.EQ(s.C("parent"), parent)) }
	few := ids(want, func(x thing) bool { return x.parent == parent })
	for _, limit := range []int{1, 5, 1000} {
		page := func(where ...func(*sql.Selector)) []uuid.UUID {
			return f.query(t, func(s *sql.Selector) {
				byID(s)
				authz.Page(reach, byID, limit, where...)(s)
				s.Limit(limit)
			})
		}
		same(fmt.Sprintf("page of %d", limit), page(), head(all, limit))
		same(fmt.Sprintf("filtered page of %d", limit), page(of), head(few, limit))
		if len(all) > limit {
			same("the next page", page(func(s *sql.Selector) { s.Where(sql.GT(s.C("id"), all[limit-1])) }), head(all[limit:], limit))
		}
	}
	same("set", f.query(t, func(s *sql.Selector) { byID(s); authz.Set[func(*sql.Selector)](reach)(s); s.ClearOrder(); byID(s) }), all)
	same("row", f.query(t, func(s *sql.Selector) { byID(s); reach.Row(s) }), all)
	same("among", f.query(t, func(s *sql.Selector) { authz.Among(reach, of)(s) }), few)
	same("related", f.query(t, func(s *sql.Selector) { authz.Related(reach, of)(s) }), few)
	var capped []uuid.UUID
	for _, p := range f.people[:2] {
		capped = append(capped, head(ids(want, func(x thing) bool { return x.parent == p }), 4)...)
	}
	slices.SortFunc(capped, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	same("capped", f.query(t, func(s *sql.Selector) { authz.Capped[func(*sql.Selector)](reach, "parent", f.people[:2], 4)(s) }), capped)
}
