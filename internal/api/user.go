package api

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/predicate"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/etag"
	"github.com/lockstep-dev/lockstep/internal/idempotency"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/stmtcache"
)

// maxReports is the most people one answer holds.
const maxReports = 1000

// UsersDeactivate switches a user off. The rule that a tenant keeps an administrator holds here as everywhere.
func (h *Handler) UsersDeactivate(ctx context.Context, params oas.UsersDeactivateParams) (*oas.UserChangedHeaders, error) {
	allowed, err := conditions(authz.Both(ctx, crud.UserUpdate, crud.UserRead))
	if err != nil {
		return nil, err
	}
	operation := idempotency.Operation{ID: "users.deactivate", Transactional: true, Allowed: func(ctx context.Context) error {
		found, err := h.client.User.Query().Where(user.ID(params.ID)).Where(allowed...).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for user: %w", err)
		}
		if !found {
			return noSuchUser()
		}
		return nil
	}}
	return idempotency.Once(ctx, h.Keys(), operation, params.IdempotencyKey.Or(""), params.ID, func(client *ent.Client) (*oas.UserChangedHeaders, error) {
		if err := client.User.Update().Where(user.ID(params.ID), user.StatusNEQ(user.StatusInactive)).Where(allowed...).
			SetStatus(user.StatusInactive).Exec(ctx); err != nil {
			return nil, fmt.Errorf("deactivate user: %w", err)
		}
		row, err := client.User.Query().Where(user.ID(params.ID)).Where(allowed...).Only(ctx)
		if ent.IsNotFound(err) {
			return nil, noSuchUser()
		}
		if err != nil {
			return nil, fmt.Errorf("read deactivated user: %w", err)
		}
		body := crud.UserBody(ctx, row)
		return &oas.UserChangedHeaders{ETag: etag.Later(body.Version), Response: body}, nil
	})
}

// UsersReports answers the people below a user, level by level: one statement a level, whatever their number. It ends where
// the answer's bytes do.
func (h *Handler) UsersReports(ctx context.Context, params oas.UsersReportsParams) (*oas.Reports, error) {
	reach, err := crud.UserRead.Reach(ctx)
	if err != nil {
		return nil, err
	}
	root := h.client.User.Query().Where(user.ID(params.ID))
	if reach != nil {
		root.Where(reach.Row)
	}
	found, err := root.Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for user: %w", err)
	}
	if !found {
		return nil, noSuchUser()
	}
	reports := &oas.Reports{Data: []oas.Report{}}
	budget := stmtcache.Budget()
	inBudget := pg.WithBudget(ctx, budget)
	seen := map[uuid.UUID]bool{params.ID: true} // people may manage each other in a circle
	level := []uuid.UUID{params.ID}
	for depth := 1; depth <= params.Depth.Or(1) && len(level) > 0 && len(reports.Data) < maxReports && !budget.Ended(); depth++ {
		var led predicate.User = pg.In(user.FieldManagerID, level)
		if reach != nil {
			led = authz.Page(reach, byID, maxReports, led)
		}
		rows, err := h.client.User.Query().Where(led).Order(byID).Limit(maxReports).All(inBudget)
		if err != nil {
			return nil, fmt.Errorf("list reports: %w", err)
		}
		level = nil
		for _, row := range rows {
			if seen[row.ID] || len(reports.Data) == maxReports {
				continue
			}
			seen[row.ID] = true
			level = append(level, row.ID)
			budget.Take(int64(len(`{"depth":20,"user":}`)))
			reports.Data = append(reports.Data, oas.Report{Depth: depth, User: crud.UserBody(ctx, row)})
		}
	}
	stmtcache.Announce(ctx, budget)
	return reports, nil
}

// conditions is a rule's filter in the form that Ent's queries take several of.
func conditions(filter func(*sql.Selector), err error) ([]predicate.User, error) {
	if err != nil || filter == nil {
		return nil, err
	}
	return []predicate.User{filter}, nil
}

func noSuchUser() error { return problem.Of(problem.NotFound, "user") }

func byID(s *sql.Selector) { s.OrderBy(s.C(user.FieldID)) }
