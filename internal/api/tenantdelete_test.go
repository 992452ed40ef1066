package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/retention"
)

// rowsOf is how many rows a tenant has, by table, of all that can hold any.
func (s *stack) rowsOf(t *testing.T, tenant uuid.UUID) map[string]int {
	t.Helper()
	rows, err := s.owner.Query(t.Context(), `SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = 'core' AND column_name = 'tenant_id' AND table_type = 'BASE TABLE'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) != len(crud.OfTenants) {
		t.Errorf("got tables %v with tenants' rows, want the %d that are generated", tables, len(crud.OfTenants))
	}
	out := map[string]int{}
	for _, table := range tables {
		if n := s.count(t, `SELECT count(*) FROM core.`+table+` WHERE tenant_id = $1`, tenant); n > 0 {
			out[table] = n
		}
	}
	if n := s.count(t, `SELECT count(*) FROM core.tenants WHERE id = $1`, tenant); n > 0 {
		out["tenants"] = n
	}
	return out
}

// othersPrint changes when a row of another tenant changes.
func (s *stack) othersPrint(t *testing.T, tenant uuid.UUID) string {
	t.Helper()
	var sums strings.Builder
	for _, owned := range crud.OfTenants {
		var sum string
		if err := s.owner.QueryRow(t.Context(), `SELECT coalesce(md5(string_agg(x::text, '' ORDER BY x::text)), '') FROM core.`+owned.Table+` x WHERE tenant_id <> $1`, tenant).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&sums, owned.Table, sum)
	}
	return sums.String()
}

// addPeople gives a tenant so many people: in pairs that manage each other, led by somebody who is newer than all of them, each
// with a role that the newest has granted.
func (s *stack) addPeople(t *testing.T, of tenant, count int) {
	t.Helper()
	boss := s.addUser(t, of.id, "boss@example.com", "Boss", nil)
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, version, created_at, updated_at)
		SELECT $1, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com', 'P', 1, now(), now() FROM generate_series(1, $2::int) n`, of.id, count)
	s.exec(t, `UPDATE core.users SET manager_id = CASE WHEN right(id::text, 1) IN ('0', '2', '4', '6', '8') THEN $2::uuid
		ELSE (left(id::text, 24) || lpad((right(id::text, 12)::int + 1)::text, 12, '0'))::uuid END
		WHERE tenant_id = $1 AND display_name = 'P' AND right(id::text, 12)::int < $3`, of.id, boss.id, count)
	s.exec(t, `UPDATE core.users SET manager_id = '00000000-0000-7000-8000-000000000001' WHERE tenant_id = $1 AND id = $2`, of.id, boss.id) // a circle
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, granted_by_id, version, created_at, updated_at)
		SELECT tenant_id, gen_random_uuid(), id, $2, now(), $3, 1, now(), now() FROM core.users WHERE tenant_id = $1 AND display_name = 'P'`, of.id, of.memberRole, boss.id)
}

// TestDeletingATenantDeletesAllThatIsItsOwn deletes a tenant with rows in every table, over HTTP.
func TestDeletingATenantDeletesAllThatIsItsOwn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	once := map[string]string{"Idempotency-Key": "once"}
	made := s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 201, body: initech, header: once})
	s.addSamples(t, s.acme)
	s.addSamples(t, s.globex)
	s.addPeople(t, s.acme, 1500)
	for _, of := range []tenant{s.acme, s.globex} {
		s.check(t, call{method: "POST", path: "/v1/roles", token: of.admin.token, status: 201, body: `{"name": "R", "permissions": []}`, header: once})
		s.addKeys(t, of.id, 10, 1)
	}
	before, others := s.rowsOf(t, s.acme.id), s.othersPrint(t, s.acme.id)
	if len(before) != len(crud.OfTenants)+1 {
		t.Fatalf("got rows in %v, want some in every table", before)
	}
	path := "/v1/tenants/" + s.acme.id.String()
	s.check(t, call{method: "DELETE", path: path, status: 401})
	s.check(t, call{method: "DELETE", path: path, token: s.acme.admin.token, status: 403, code: "permission_denied"})
	s.check(t, call{method: "DELETE", path: path, token: s.platform, header: map[string]string{"If-Match": `"7-x"`}, status: 412, code: "precondition_failed"})
	s.check(t, call{method: "DELETE", path: path, token: s.platform, header: map[string]string{"If-Match": `nonsense`}, status: 400, pointer: "If-Match:"})
	s.check(t, call{method: "DELETE", path: "/v1/tenants/" + newID().String(), token: s.platform, status: 404, code: "not_found"})
	if after := s.rowsOf(t, s.acme.id); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("refused deletions left %v of %v", after, before)
	}
	got := s.check(t, call{method: "DELETE", path: path, token: s.platform, header: map[string]string{"If-Match": s.check(t, call{path: path, token: s.platform, status: 200}).header.Get("ETag")},
		status: 200, want: fmt.Sprintf(`{"tenantId": %q, "complete": true}`, s.acme.id)})
	if left := s.rowsOf(t, s.acme.id); len(left) > 0 {
		t.Errorf("got %v left of the tenant", left)
	}
	for _, owned := range crud.OfTenants {
		said, _ := got.body["deleted"].(map[string]any)[owned.Name].(float64)
		if int(said) != before[owned.Table] {
			t.Errorf("the answer says that %v rows of %s were deleted, want %d", said, owned.Name, before[owned.Table])
		}
	}
	if s.othersPrint(t, s.acme.id) != others {
		t.Error("rows of another tenant were changed")
	}
	s.check(t, call{method: "DELETE", path: path, token: s.platform, status: 404, code: "not_found"})
	s.check(t, call{path: "/v1/users", token: s.acme.admin.token, status: 401, code: "unauthenticated"})
	s.check(t, call{path: "/v1/users", token: s.globex.admin.token, status: 200})

	// What the platform was told when it made a tenant goes with that; that it has made one stays.
	location := made.header.Get("Location")
	s.check(t, call{method: "DELETE", path: location, token: s.platform, status: 200})
	if n := s.count(t, `SELECT count(*) FROM core.platform_idempotency_keys WHERE convert_from(answer, 'UTF8') LIKE '%nitech%'`); n != 0 {
		t.Error("a stored answer tells of the deleted tenant")
	}
	s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 404, code: "not_found", body: initech, header: once})
	if n := s.count(t, `SELECT count(*) FROM core.tenants WHERE slug = 'initech'`); n != 0 {
		t.Error("the repeated request has made the tenant again")
	}
}

// TestABigTenantIsDeletedInSteps deletes more than one request does: the tenant is shut at once, and a worker that dies in the middle
// is followed by another.
func TestABigTenantIsDeletedInSteps(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.addPeople(t, s.acme, 8000)
	s.addPeople(t, s.globex, 10)
	others := s.othersPrint(t, s.acme.id)
	path := "/v1/tenants/" + s.acme.id.String()
	match := map[string]string{"If-Match": `"1-x"`}
	s.check(t, call{method: "DELETE", path: path, token: s.platform, header: match, status: 202, want: `{"complete": false}`})
	s.check(t, call{path: "/v1/users", token: s.acme.admin.token, status: 403, code: "tenant_suspended"})
	if since := s.check(t, call{path: path, token: s.platform, status: 200}).body["deletingSince"]; since == nil {
		t.Error("the tenant does not say that it is being deleted")
	}
	// It cannot be brought back.
	s.check(t, call{method: "PATCH", path: path, token: s.platform, body: `{"status": "active"}`, status: 409, code: "conflict", pointer: "/status"})
	s.check(t, call{method: "PATCH", path: path, token: s.platform, header: match, body: `{"status": "active"}`, status: 412, code: "precondition_failed"})
	s.check(t, call{method: "PATCH", path: path, token: s.platform, body: `{"slug": "acme-gone"}`, status: 200, want: `{"status": "suspended"}`})
	s.check(t, call{method: "PATCH", path: "/v1/tenants/" + s.globex.id.String(), token: s.platform, body: `{"status": "active"}`, status: 200})
	s.check(t, call{path: "/v1/users", token: s.acme.admin.token, status: 403, code: "tenant_suspended",
		want: `{"detail": "The tenant is being deleted, with all its data. Nothing stops that."}`, absent: []string{"kept"}})

	var gone atomic.Int32
	ctx, die := context.WithCancel(t.Context())
	meter := &batches{after: func(string) {
		if gone.Add(1) == 2 {
			die()
		}
	}}
	if err := s.cleaner(t, meter).Sweep(ctx); err == nil {
		t.Error("the worker has not died in the middle")
	}
	left := s.rowsOf(t, s.acme.id)
	if left["tenants"] != 1 || left["users"] == 0 {
		t.Fatalf("after the worker has died: got %v left, want the tenant and some users", left)
	}
	// Asked again it goes on, whatever version the caller knows.
	s.check(t, call{method: "DELETE", path: path, token: s.platform, header: match, status: 200, want: `{"complete": true}`})
	if left := s.rowsOf(t, s.acme.id); len(left) > 0 {
		t.Errorf("got %v left of the tenant", left)
	}
	for table, sizes := range meter.rows {
		for _, n := range sizes {
			if n > retention.Batch {
				t.Errorf("%d rows of %s went at once", n, table)
			}
		}
	}

	s.exec(t, `UPDATE core.tenants SET deleting_since = now(), status = 'suspended' WHERE id = $1`, s.globex.id)
	if s.othersPrint(t, s.acme.id) != others {
		t.Error("rows of another tenant were changed")
	}
	if err := s.cleaner(t, nil).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := s.rowsOf(t, s.globex.id); len(left) > 0 {
		t.Errorf("a worker alone: got %v left of the tenant", left)
	}
}

// TestADeletionThatIsHeldUpGoesOn locks a row of a tenant that is deleted. The request was answered 504, that it had been given up, when
// it had waited for its whole time. Neither may it wait until Postgres ends the statement, after 15 s.
func TestADeletionThatIsHeldUpGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		window time.Duration
		lock   string // of a row of the tenant
		cancel bool   // the request when it waits
	}{
		"until its time for that is over": {window: 200 * time.Millisecond, lock: `SELECT FROM core.users WHERE tenant_id = $1 FOR UPDATE`},
		"until the request ends":          {window: time.Hour, lock: `SELECT FROM core.users WHERE tenant_id = $1 FOR UPDATE`, cancel: true},
		// What a writer's foreign key holds lets the tenant be shut, and not be deleted.
		"at the tenant itself": {window: time.Hour, lock: `SELECT FROM core.tenants WHERE id = $1 FOR KEY SHARE`, cancel: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := newStack(t)
			var warnings bytes.Buffer
			s := first.replica(t, first.appURL, first.appURL, func(config *api.Config) {
				config.DeletionWindow = c.window
				config.Logger = slog.New(slog.NewTextHandler(&warnings, &slog.HandlerOptions{Level: slog.LevelWarn}))
			})
			s.addPeople(t, s.acme, 20)
			before := s.rowsOf(t, s.acme.id)
			holder, err := pgx.Connect(t.Context(), s.owner.Config().ConnString())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = holder.Close(context.Background()) }()
			lock, err := holder.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := lock.Exec(t.Context(), c.lock, s.acme.id); err != nil {
				t.Fatal(err)
			}
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			path := "/v1/tenants/" + s.acme.id.String()
			request := httptest.NewRequestWithContext(ctx, http.MethodDelete, path, nil)
			request.Header.Set("Authorization", "Bearer "+s.platform)
			recorder := httptest.NewRecorder()
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				s.handler.ServeHTTP(recorder, request)
			}()
			waits := func() bool {
				return s.count(t, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() AND NOT l.granted`) > 0
			}
			if c.cancel {
				eventually(t, "the deletion waits for the row", waits)
				hangUp()
			}
			<-answered
			var got struct {
				Complete bool
				Deleted  map[string]int
			}
			if err := json.Unmarshal(recorder.Body.Bytes(), &got); recorder.Code != http.StatusAccepted || err != nil || got.Complete {
				t.Fatalf("got status %d (%v), want 202\n%s", recorder.Code, err, recorder.Body)
			}
			if text := warnings.String(); strings.Contains(text, "delete tenant") {
				t.Errorf("something else than the request's own bound ended the deletion, such as the statement's:\n%s", text)
			}
			eventually(t, "no statement waits for the row any more", func() bool { return !waits() })
			left := s.rowsOf(t, s.acme.id)
			for _, owned := range crud.OfTenants {
				if gone := before[owned.Table] - left[owned.Table]; got.Deleted[owned.Name] > gone {
					t.Errorf("the answer says that %d rows of %s were deleted, of which %d are gone", got.Deleted[owned.Name], owned.Name, gone)
				}
			}
			if left["tenants"] != 1 {
				t.Errorf("got %v left, want the tenant among it", left)
			}
			s.check(t, call{path: "/v1/users", token: s.acme.admin.token, status: 403, code: "tenant_suspended"})
			if err := lock.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.cleaner(t, nil).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := s.rowsOf(t, s.acme.id); len(left) > 0 {
				t.Errorf("got %v left of the tenant", left)
			}
		})
	}
}

// TestATenantIsDeletedWhileItIsWrittenTo deletes a tenant under the hands of its writers.
func TestATenantIsDeletedWhileItIsWrittenTo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.addPeople(t, s.acme, 300)
	others := s.othersPrint(t, s.acme.id)
	var (
		writers sync.WaitGroup
		written atomic.Int32
		enough  = make(chan struct{})
		stop    = make(chan struct{})
	)
	for w := range 3 {
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				got := s.do(t, call{method: "POST", path: "/v1/users", token: s.acme.admin.token, body: fmt.Sprintf(`{"email": "w%d-%d@example.com", "displayName": "W"}`, w, n),
					header: map[string]string{"Idempotency-Key": fmt.Sprint(w, "-", n)}})
				switch {
				case got.status == 201:
					if written.Add(1) == 10 {
						close(enough)
					}
				case got.status != 401 && got.status != 403:
					t.Errorf("a writer got status %d\n%s", got.status, got.text)
				}
			}
		})
	}
	<-enough
	// One that has written and not committed when the tenant is shut: the deletion waits for it.
	late, err := pgx.Connect(t.Context(), s.owner.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Close(context.Background()) }()
	open, err := late.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.Exec(t.Context(), `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, version, created_at, updated_at) VALUES ($1, $2, 'late@example.com', 'L', $3, 1, now(), now())`,
		s.acme.id, newID(), s.acme.admin.id); err != nil {
		t.Fatal(err)
	}
	answer := make(chan answer, 1)
	go func() {
		answer <- s.do(t, call{method: "DELETE", path: "/v1/tenants/" + s.acme.id.String(), token: s.platform})
	}()
	eventually(t, "the deletion waits for the writer", func() bool {
		return s.count(t, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() AND NOT l.granted`) > 0
	})
	if err := open.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got.status != 200 {
		t.Errorf("got status %d, want 200\n%s", got.status, got.text)
	}
	close(stop)
	writers.Wait()
	if left := s.rowsOf(t, s.acme.id); len(left) > 0 {
		t.Errorf("got %v left of the tenant", left)
	}
	if s.othersPrint(t, s.acme.id) != others {
		t.Error("rows of another tenant were changed")
	}
}
