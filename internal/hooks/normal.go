package hooks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/internal/email"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// normalise brings fields into the one form in which they are stored: e-mail addresses in lower case, sets without
// repetitions. It refuses what is no address. Both are keyed by Ent type.
func normalise(emails map[string]map[string]string, sets map[string][]string) rule {
	return func(_ context.Context, mutation ent.Mutation) error {
		for field, name := range emails[mutation.Type()] {
			if err := lowerEmail(mutation, field, name); err != nil {
				return err
			}
		}
		for _, field := range sets[mutation.Type()] {
			if err := once(mutation, field); err != nil {
				return err
			}
		}
		return nil
	}
}

func lowerEmail(mutation ent.Mutation, field, name string) error {
	value, changes := mutation.Field(field)
	given, ok := value.(string)
	if !changes || !ok {
		return nil
	}
	address, err := email.Normal(given)
	if err != nil {
		var fault email.Fault
		if !errors.As(err, &fault) {
			return fmt.Errorf("normalise %s: %w", field, err)
		}
		return problem.Of(problem.ValidationFailed).At("/"+name, problem.RuleMalformed, string(fault))
	}
	if address == given {
		return nil
	}
	if err := mutation.SetField(field, address); err != nil {
		return fmt.Errorf("normalise %s: %w", field, err)
	}
	return nil
}

// once leaves each text of an array at its first place.
func once(mutation ent.Mutation, field string) error {
	value, changes := mutation.Field(field)
	if !changes {
		return nil
	}
	var texts []string
	switch v := value.(type) {
	case pq.StringArray:
		texts = v
	case []string:
		texts = v
	}
	kept := make([]string, 0, len(texts))
	for _, text := range texts {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	if len(kept) == len(texts) {
		return nil
	}
	var set ent.Value = kept
	if _, ok := value.(pq.StringArray); ok {
		set = pq.StringArray(kept)
	}
	if err := mutation.SetField(field, set); err != nil {
		return fmt.Errorf("normalise %s: %w", field, err)
	}
	return nil
}
