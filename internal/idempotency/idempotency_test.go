package idempotency

import "testing"

// anyOrder is written as ogen writes a free object: in no order of its own.
type anyOrder string

func (a anyOrder) MarshalJSON() ([]byte, error) { return []byte(a), nil }

func TestFingerprintIsOfTheValueNotTheOrder(t *testing.T) {
	of := func(text string) string {
		t.Helper()
		sum, err := fingerprint(anyOrder(text))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	want := of(`{"name":"n","free":{"a":[1,{"x":1,"y":2}],"b":null}}`)
	if got := of(`{"free":{"b":null,"a":[1,{"y":2,"x":1}]},"name":"n"}`); got != want {
		t.Errorf("the same value in another order: got %s, want %s", got, want)
	}
	for _, other := range []string{
		`{"name":"n","free":{"a":[{"x":1,"y":2},1],"b":null}}`,
		`{"name":"n","free":{"a":[1,{"x":1,"y":2}]}}`,
		`{"name":"n","free":{"a":[1,{"x":1,"y":3}],"b":null}}`,
	} {
		if of(other) == want {
			t.Errorf("%s: got the fingerprint of another value", other)
		}
	}
	if of(`9007199254740993`) == of(`9007199254740992`) {
		t.Error("two integers beyond a float64's 53 bits got one fingerprint")
	}
	if _, err := fingerprint(make(chan int)); err == nil {
		t.Error("got no error for a value that has no JSON")
	}
}
