package api_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// changesOf are requests of each kind of explicit transaction, on rows of their own.
func (s *stack) changesOf(t *testing.T, n int) []call {
	t.Helper()
	token := s.acme.admin.token
	patched := s.addUser(t, s.acme.id, fmt.Sprintf("patched%d@example.com", n), "Before", nil)
	deleted := s.addUser(t, s.acme.id, fmt.Sprintf("deleted%d@example.com", n), "Before", nil)
	key := map[string]string{"Idempotency-Key": fmt.Sprintf("key-%d", n)}
	return []call{
		{method: "PATCH", path: "/v1/users/" + patched.id.String(), token: token, body: `{"displayName": "After"}`, status: 200, want: `{"displayName": "After"}`},
		{method: "DELETE", path: "/v1/users/" + deleted.id.String(), token: token, status: 204},
		{method: "POST", path: "/v1/users", token: token, header: key, body: fmt.Sprintf(`{"email": "created%d@example.com", "displayName": "After"}`, n), status: 201},
		{method: "POST", path: "/v1/user-roles", token: token, body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, patched.id, s.acme.memberRole), status: 201},
		{method: "PATCH", path: "/v1/roles/" + s.addRole(t, s.acme.id, fmt.Sprintf("Role %d", n), "users:read").String(), token: token, body: `{"name": "After` + fmt.Sprint(n) + `"}`, status: 200},
	}
}

// everyConnection has work done on all connections of the pool at once, so that each is there and knows its statements.
func (s *stack) everyConnection(t *testing.T, work func(*pgxpool.Conn)) {
	t.Helper()
	pool := s.config.DB.Pool()
	var held []*pgxpool.Conn
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	for _, conn := range held {
		if work != nil {
			work(conn)
		}
		conn.Release()
	}
}

// TestTransactionsGoOnAcrossMigrations widens columns in place, the documented way, while every connection holds statements
// on them prepared. Explicit transactions answered 500 for it, "cached plan must not change result type", once a connection.
func TestTransactionsGoOnAcrossMigrations(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*testing.T, *stack){
		"a wider column": func(t *testing.T, s *stack) {
			t.Helper()
			s.exec(t, `ALTER TABLE core.users ALTER COLUMN display_name TYPE varchar(300); ALTER TABLE core.roles ALTER COLUMN name TYPE varchar(300);
				ALTER TABLE core.idempotency_keys ALTER COLUMN key TYPE varchar(300)`)
		},
		"statements that are gone": func(t *testing.T, s *stack) {
			t.Helper()
			s.everyConnection(t, func(conn *pgxpool.Conn) {
				if _, err := conn.Exec(t.Context(), "DEALLOCATE ALL"); err != nil {
					t.Fatal(err)
				}
			})
		},
		"connections that were ended": func(t *testing.T, s *stack) {
			t.Helper()
			s.endSessions(t, "application_name = 'lockstep'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.everyConnection(t, nil)
			var before, after [][]call
			for n := range 8 {
				before, after = append(before, s.changesOf(t, n)), append(after, s.changesOf(t, 100+n))
			}
			s.atOnce(t, before)
			fault(t, s)
			s.atOnce(t, after)
			if n := s.count(t, `SELECT count(*) FROM core.users WHERE email LIKE 'created%'`); n != 16 {
				t.Errorf("got %d created users, want 16", n)
			}
		})
	}
}

// atOnce does each list of calls in order, and all lists at once.
func (s *stack) atOnce(t *testing.T, lists [][]call) {
	t.Helper()
	var wg sync.WaitGroup
	for _, list := range lists {
		wg.Go(func() {
			for _, c := range list {
				if got := s.do(t, c); got.status != c.status {
					t.Errorf("%s %s: got %d, want %d\n%s", c.method, c.path, got.status, c.status, got.text)
				}
			}
		})
	}
	wg.Wait()
}

// TestTransactionWhoseConnectionBreaks ends the connection of a PATCH that waits for a row's lock: nothing was committed, so
// it is done again.
func TestTransactionWhoseConnectionBreaks(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	lock, err := s.owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(context.Background()) }()
	if _, err := lock.Exec(t.Context(), `SELECT FROM core.users WHERE id = $1 FOR UPDATE`, s.acme.member.id); err != nil {
		t.Fatal(err)
	}
	done := make(chan answer, 1)
	go func() {
		done <- s.do(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, body: `{"displayName": "After"}`})
	}()
	eventually(t, "the connection that waits was ended", func() bool { return s.endSessions(t, "wait_event_type = 'Lock'") > 0 })
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.status != 200 || got.body["displayName"] != "After" || got.body["version"] != 2.0 {
		t.Errorf("got %d %s, want the change, made once", got.status, got.text)
	}
}
