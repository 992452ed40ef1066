package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// useCurrencies makes rows that belong to no tenant: the platform writes them, a key makes a POST happen once, and the tenants
// read them.
func useCurrencies(t *testing.T, s *served) {
	platform, tenant := s.platform.in(t), s.ours.in(t)
	count := func(want int) {
		t.Helper()
		for _, c := range []*client{platform, tenant} {
			if rows := c.do("GET", "/v1/currencies", "", http.StatusOK)["data"].([]any); len(rows) != want {
				t.Errorf("got %d currencies, want %d", len(rows), want)
			}
		}
	}
	const euro = `{"code": "EUR"}`
	once := platform.withKey("once")
	first, header := once.exchange("POST", "/v1/currencies", euro, http.StatusCreated)
	again, repeated := once.exchange("POST", "/v1/currencies", euro, http.StatusCreated)
	if text(t, first) != text(t, again) || header.Get("Location") != repeated.Get("Location") || header.Get("ETag") != repeated.Get("ETag") || header.Get("ETag") == "" {
		t.Errorf("the repetition got %v %v, the first %v %v", again, repeated, first, header)
	}
	if got := once.do("POST", "/v1/currencies", `{"code": "CHF"}`, http.StatusUnprocessableEntity); got["code"] != "idempotency_key_reused" {
		t.Errorf("got %v for the key with another body", got)
	}
	if got := tenant.withKey("once").do("POST", "/v1/currencies", euro, http.StatusForbidden); got["code"] != "permission_denied" {
		t.Errorf("got %v for a tenant with the platform's key", got)
	}
	count(1)

	// A refused request leaves its key free.
	twice := platform.withKey("twice")
	twice.do("POST", "/v1/currencies", euro, http.StatusConflict)
	twice.do("POST", "/v1/currencies", `{"code": "CHF"}`, http.StatusCreated)
	count(2)

	// A tenant's row refers to one of no tenant, which then cannot be deleted.
	price := tenant.do("POST", "/v1/prices", fmt.Sprintf(`{"amount": 7, "currencyId": %q}`, first["id"]), http.StatusCreated)
	unknown := tenant.do("POST", "/v1/prices", fmt.Sprintf(`{"amount": 7, "currencyId": %q}`, price["id"]), http.StatusUnprocessableEntity)
	if said := fmt.Sprint(unknown["errors"]); !strings.Contains(said, "There is no such currency.") || !strings.Contains(said, "/currencyId") {
		t.Errorf("got %v for a reference to nothing", unknown)
	}
	if gone := tenant.do("GET", "/v1/currencies/"+price["id"].(string), "", http.StatusNotFound); gone["detail"] != "There is no such currency." {
		t.Errorf("got %v for a currency that is not there", gone)
	}
	refused := platform.do("DELETE", "/v1/currencies/"+first["id"].(string), "", http.StatusConflict)
	if refused["detail"] != "Prices still refer to this currency by currencyId. Change or delete them first." {
		t.Errorf("got %v for a currency in use", refused)
	}

	answers := make([]string, 20)
	var senders sync.WaitGroup
	for i := range answers {
		senders.Go(func() {
			body, header, status := platform.withKey("at-once").send("POST", "/v1/currencies", `{"code": "SEK"}`)
			answers[i] = fmt.Sprint(status, header.Get("Location"), body)
		})
	}
	senders.Wait()
	if slices.Sort(answers); !strings.HasPrefix(answers[0], "201") || answers[0] != answers[len(answers)-1] {
		t.Errorf("got %s and %s for one key, want the same 201", answers[0], answers[len(answers)-1])
	}
	count(3)
}
