package model_test

import (
	"testing"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

func TestNamesInSentences(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Invoice": "an invoice", "User": "a user", "UserRole": "a user role", "Unit": "a unit", "Union": "a union", "UnindexedPage": "an unindexed page", "UniversalCode": "a universal code",
		"Umbrella": "an umbrella", "Hour": "an hour", "House": "a house", "OneTimeCode": "a one time code", "Onion": "an onion", "EuroRate": "a euro rate", "SmsMessage": "an sms message",
		"Order": "an order", "Usage": "a usage", "Utility": "a utility", "Url": "a url", "UrgentCall": "an urgent call", "Employee": "an employee", "Xray": "a xray", "Honor": "an honor",
	} {
		if got := (&model.Entity{Node: &gen.Type{Name: name}, Name: name}).ALabel(); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"Category": "categories", "LineItem": "line_items", "Person": "people", "Address": "addresses", "Invoice": "invoices"} {
		if got := model.TableOf(name); got != want {
			t.Errorf("%s: got the table %q, want %q", name, got, want)
		}
	}
}
