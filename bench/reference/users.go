package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	userColumns = `id, tenant_id, email, display_name, status, manager_id, version, created_at, updated_at`
	getSQL      = `SELECT ` + userColumns + ` FROM core.users WHERE tenant_id = $1 AND id = $2`
	rolesSQL    = `SELECT r.id, r.tenant_id, r.name, r.description, r.permissions, r.version, r.created_at, r.updated_at
		FROM core.user_roles g JOIN core.roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id
		WHERE g.tenant_id = $1 AND g.user_id = $2 ORDER BY r.id LIMIT 100`
	managedSQL = `SELECT ` + userColumns + ` FROM core.users WHERE tenant_id = $1 AND manager_id = $2 ORDER BY id LIMIT 100`
	listSQL    = `SELECT ` + userColumns + ` FROM core.users WHERE tenant_id = $1 ORDER BY id LIMIT $2`
	createSQL  = `INSERT INTO core.users (tenant_id, id, email, display_name, status, manager_id, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)`
)

// bodies lends buffers for answers.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

func answer(w http.ResponseWriter, status int, write func(buf []byte) []byte) {
	buf := bodies.Get().(*[]byte)
	*buf = write((*buf)[:0])
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(*buf)))
	w.WriteHeader(status)
	_, _ = w.Write(*buf)
	bodies.Put(buf)
}

type user struct {
	id, tenant, manager pgtype.UUID
	email, name, status string
	version             int64
	created, updated    time.Time
}

func (u *user) scan(rows pgx.Rows) error {
	return rows.Scan(&u.id, &u.tenant, &u.email, &u.name, &u.status, &u.manager, &u.version, &u.created, &u.updated)
}

// append writes the user without the closing brace, behind which a detail goes on.
func (u *user) append(buf []byte) []byte {
	buf = appendID(append(buf, `{"id":`...), u.id)
	buf = appendID(append(buf, `,"tenantId":`...), u.tenant)
	buf = appendText(append(buf, `,"email":`...), u.email)
	buf = appendText(append(buf, `,"displayName":`...), u.name)
	buf = appendText(append(buf, `,"status":`...), u.status)
	buf = appendID(append(buf, `,"managerId":`...), u.manager)
	buf = strconv.AppendInt(append(buf, `,"version":`...), u.version, 10)
	buf = appendTime(append(buf, `,"createdAt":`...), u.created)
	return appendTime(append(buf, `,"updatedAt":`...), u.updated)
}

type role struct {
	id, tenant       pgtype.UUID
	name             string
	description      pgtype.Text
	permissions      []string
	version          int64
	created, updated time.Time
}

func (r *role) scan(rows pgx.Rows) error {
	return rows.Scan(&r.id, &r.tenant, &r.name, &r.description, &r.permissions, &r.version, &r.created, &r.updated)
}

func (r *role) append(buf []byte) []byte {
	buf = appendID(append(buf, `{"id":`...), r.id)
	buf = appendID(append(buf, `,"tenantId":`...), r.tenant)
	buf = appendText(append(buf, `,"name":`...), r.name)
	buf = append(buf, `,"description":`...)
	if r.description.Valid {
		buf = appendText(buf, r.description.String)
	} else {
		buf = append(buf, "null"...)
	}
	buf = append(buf, `,"permissions":[`...)
	for i, p := range r.permissions {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendText(buf, p)
	}
	buf = strconv.AppendInt(append(buf, `],"version":`...), r.version, 10)
	buf = appendTime(append(buf, `,"createdAt":`...), r.created)
	buf = appendTime(append(buf, `,"updatedAt":`...), r.updated)
	return append(buf, '}')
}

// native is the form of an id that pgx writes without asking the id how.
func native(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func appendID(buf []byte, id pgtype.UUID) []byte {
	if !id.Valid {
		return append(buf, "null"...)
	}
	const digits = "0123456789abcdef"
	buf = append(buf, '"')
	for i, b := range id.Bytes {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			buf = append(buf, '-')
		}
		buf = append(buf, digits[b>>4], digits[b&15])
	}
	return append(buf, '"')
}

// appendTime writes the microseconds that Postgres keeps; RFC3339Nano is a layout that package time has a short way for.
func appendTime(buf []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(buf, '"'), time.RFC3339Nano), '"')
}

// appendText writes plain text as it is and leaves the rest to encoding/json.
func appendText(buf []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s)
			return append(buf, quoted...)
		}
	}
	return append(append(append(buf, '"'), s...), '"')
}

func (h *handler) get(w http.ResponseWriter, r *http.Request) {
	p, ok := h.caller(w, r, "users:read")
	if !ok {
		return
	}
	id, ok := id(r)
	if !ok {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	var (
		u       user
		found   bool
		roles   []role
		managed []user
	)
	part := 0
	args := []any{native(p.TenantID), native(id)}
	err := h.batch(r.Context(), p, func(rows pgx.Rows) error {
		part++
		for rows.Next() {
			var err error
			switch part {
			case 1:
				found = true
				err = u.scan(rows)
			case 2:
				roles = append(roles, role{})
				err = roles[len(roles)-1].scan(rows)
			case 3:
				managed = append(managed, user{})
				err = managed[len(managed)-1].scan(rows)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, statement{getSQL, args}, statement{rolesSQL, args}, statement{managedSQL, args})
	switch {
	case err != nil:
		h.fail(w, err)
		return
	case !found:
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, func(buf []byte) []byte {
		buf = append(u.append(buf), `,"roles":[`...)
		for i := range roles {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = roles[i].append(buf)
		}
		buf = append(buf, `],"managedUsers":[`...)
		for i := range managed {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = append(managed[i].append(buf), '}')
		}
		return append(buf, `]}`...)
	})
}

const pageSize = 50

func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	p, ok := h.caller(w, r, "users:read")
	if !ok {
		return
	}
	if r.URL.RawQuery != "" {
		http.Error(w, "bad request", http.StatusBadRequest) // it is never measured
		return
	}
	users := make([]user, 0, pageSize+1)
	err := h.batch(r.Context(), p, func(rows pgx.Rows) error {
		for rows.Next() {
			users = append(users, user{})
			if err := users[len(users)-1].scan(rows); err != nil {
				return err
			}
		}
		return nil
	}, statement{listSQL, []any{native(p.TenantID), pageSize + 1}})
	if err != nil {
		h.fail(w, err)
		return
	}
	answer(w, http.StatusOK, func(buf []byte) []byte {
		next := len(users) > pageSize
		users = users[:min(len(users), pageSize)]
		buf = append(buf, `{"data":[`...)
		for i := range users {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = append(users[i].append(buf), '}')
		}
		buf = append(buf, `],"nextCursor":`...)
		if !next {
			return append(buf, "null}"...)
		}
		cursor := append([]byte(`{"l":"users","o":"AAAAAAAA","a":`), appendID(nil, users[pageSize-1].id)...)
		buf = append(buf, '"')
		buf = base64.RawURLEncoding.AppendEncode(buf, append(cursor, '}'))
		return append(buf, `"}`...)
	})
}

func (h *handler) create(w http.ResponseWriter, r *http.Request) {
	p, ok := h.caller(w, r, "users:create")
	if !ok {
		return
	}
	var body struct {
		Email       string      `json:"email"`
		DisplayName string      `json:"displayName"`
		Status      string      `json:"status"`
		ManagerID   pgtype.UUID `json:"managerId"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&body)
	if body.Status == "" {
		body.Status = "active"
	}
	if err == nil && (body.Email == "" || len(body.Email) > 255 || body.DisplayName == "" || len(body.DisplayName) > 255 ||
		body.Status != "active" && body.Status != "inactive") {
		err = errors.New("invalid")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	u := user{
		id: native(uuid.Must(uuid.NewV7())), tenant: native(p.TenantID), manager: body.ManagerID,
		email: body.Email, name: body.DisplayName, status: body.Status, version: 1, created: now, updated: now,
	}
	err = h.batch(r.Context(), p, func(pgx.Rows) error { return nil },
		statement{createSQL, []any{u.tenant, u.id, u.email, u.name, u.status, u.manager, now}})
	if err != nil {
		h.fail(w, err)
		return
	}
	w.Header().Set("Location", "/v1/users/"+uuid.UUID(u.id.Bytes).String())
	answer(w, http.StatusCreated, func(buf []byte) []byte { return append(u.append(buf), '}') })
}
