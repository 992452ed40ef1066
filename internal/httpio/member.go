package httpio

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/ogen-go/ogen/validate"
)

// MemberError says that a member, as a patch would leave it, breaks a rule of the contract. What it wraps has ogen's form: it says
// which member of the body it is about.
type MemberError struct{ err error }

// Error is ogen's text.
func (e *MemberError) Error() string { return e.err.Error() }

// Unwrap returns ogen's error.
func (e *MemberError) Unwrap() error { return e.err }

// Allowed holds the JSON text of a member to the contract by decoding it into a pointer to one of ogen's types, which know it. Its
// error is a *MemberError. Of types that take any JSON it says nothing.
func Allowed(member string, text []byte, into any) error {
	decoded, ok := into.(json.Unmarshaler)
	if !ok {
		return nil
	}
	if err := decoded.UnmarshalJSON(text); err != nil {
		return &MemberError{fmt.Errorf("decode field %q: %w", member, err)}
	}
	if rules, ok := valueOf(into).(interface{ Validate() error }); ok {
		if err := rules.Validate(); err != nil {
			return &MemberError{&validate.Error{Fields: []validate.FieldError{{Name: member, Error: err}}}}
		}
	}
	return nil
}

// valueOf is a pointer to what one of ogen's types that may be null or absent holds: those have no rules themselves.
func valueOf(pointer any) any {
	get := reflect.ValueOf(pointer).MethodByName("Get")
	if !get.IsValid() || get.Type().NumIn() > 0 || get.Type().NumOut() != 2 {
		return pointer
	}
	value := reflect.New(get.Type().Out(0))
	value.Elem().Set(get.Call(nil)[0])
	return value.Interface()
}
