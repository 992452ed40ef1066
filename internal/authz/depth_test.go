package authz_test

import (
	"context"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// TestDeepLinesAreWalkedOnce has somebody who leads 6,000 read lists that begin with a chain of 4,000 managers who are none of
// his, from its top or from its bottom. Each row was asked upward by itself: a chain of 4,000 took a page from 0.01 to 3.6 s.
// Now each person above the rows of a page is looked at once.
func TestDeepLinesAreWalkedOnce(t *testing.T) {
	t.Parallel()
	const depth, crowd = 4000, 6000
	conn, err := pgx.Connect(t.Context(), dbtest.Empty(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), forestSchema+`; ALTER TABLE f.things ALTER parent DROP NOT NULL`); err != nil {
		t.Fatal(err)
	}
	rule := authz.Rule{Permission: "things:read", Self: []string{"owner"}, Manager: []string{"owner"}, Line: line}
	id := func(kind byte, n int) uuid.UUID { return uuid.UUID{0: kind, 14: byte(n >> 8), 15: byte(n)} }
	boss, parent := id(0xff, 1), id(0xff, 2)
	for _, from := range []string{"top", "bottom"} {
		tenant := uuid.New()
		ctx := authn.With(t.Context(), &authn.Principal{TenantID: tenant, UserID: boss})
		reach, err := rule.Reach(ctx)
		if err != nil {
			t.Fatal(err)
		}
		above := "i - 1"
		if from == "bottom" {
			above = "i + 1"
		}
		if _, err := conn.Exec(t.Context(), fmt.Sprintf(`
			INSERT INTO f.people SELECT '%[1]s', lpad(to_hex(i), 32, '0')::uuid, lpad(to_hex(%[2]s), 32, '0')::uuid FROM generate_series(1, %[3]d) i;
			UPDATE f.people SET manager_id = NULL WHERE tenant_id = '%[1]s' AND manager_id NOT IN (SELECT id FROM f.people WHERE tenant_id = '%[1]s');
			INSERT INTO f.people SELECT '%[1]s', ('80' || lpad(to_hex(i), 30, '0'))::uuid, '%[4]s' FROM generate_series(1, %[5]d) i;
			INSERT INTO f.people VALUES ('%[1]s', '%[4]s', NULL);
			INSERT INTO f.things (tenant_id, id, parent, owner) SELECT tenant_id, id, '%[6]s', id FROM f.people WHERE tenant_id = '%[1]s'`,
			tenant, above, depth, boss, crowd, parent)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE f.people, f.things"); err != nil {
			t.Fatal(err)
		}
		of := func(s *sql.Selector) { s.Where(sql.EQ(s.C("parent"), parent)) }
		for _, use := range []struct {
			name  string
			query func(*sql.Selector)
			found int
			// looked is how many rows and people are looked at without the chain.
			looked int
		}{
			{"a page of 50", func(s *sql.Selector) { byID(s); authz.Page[func(*sql.Selector)](reach, byID, 50)(s); s.Limit(50) }, 50, 10_000},
			{"a page of 200", func(s *sql.Selector) { byID(s); authz.Page(reach, byID, 200, of)(s); s.Limit(200) }, 200, 10_000},
			{"a set", func(s *sql.Selector) { authz.Set[func(*sql.Selector)](reach)(s) }, crowd + 1, 20_000},
			{"the related rows", func(s *sql.Selector) { authz.Related(reach, of)(s) }, 0, 1000},
			{"the rows that are named", func(s *sql.Selector) { authz.Among(reach, of)(s) }, crowd + 1, 16_000},
			{"the first of each parent", func(s *sql.Selector) {
				authz.Capped[func(*sql.Selector)](reach, "parent", []uuid.UUID{parent, boss}, 100)(s)
			}, 0, 10_000},
		} {
			s := sql.Dialect(dialect.Postgres).Select().From(sql.Table("things").Schema("f"))
			s.Select(s.C("id"))
			use.query(s)
			s.Where(sql.EQ(s.C("tenant_id"), tenant))
			text, args := s.Query()
			var rows int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM ("+text+") AS found", args...).Scan(&rows); err != nil {
				t.Fatal(err)
			}
			if rows != use.found {
				t.Errorf("%s from the %s: got %d rows, want %d", use.name, from, rows, use.found)
			}
			touched, plan := dbtest.Touched(t, conn, text, args)
			t.Logf("%s from the %s: %d", use.name, from, touched)
			// Each that is looked at is three pages of an index and a table, and a row of several steps.
			if most := 12 * (use.looked + depth); touched > most {
				t.Errorf("%s from the %s: touches %d rows and pages, want at most %d\n%s\n%s", use.name, from, touched, most, text, plan)
			}
		}
	}
}
