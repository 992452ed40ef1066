package authz

import (
	"context"
	"reflect"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

// Hidden is a field of a body that a guard hides.
type Hidden struct {
	// Field is the Go name of the field, whose type has SetToNull.
	Field string
	// Owner is the Go name of the field that holds the id of the user whose own the row is; empty for nobody.
	Owner string
	Guard Guard
}

// Mask hides fields of a body of one Go type.
type Mask struct {
	body   reflect.Type
	hidden []Hidden
}

// MaskOf returns the mask of bodies of type T, and of bodies that extend it: those that have all its fields by name.
func MaskOf[T any](hidden ...Hidden) Mask { return Mask{reflect.TypeFor[T](), hidden} }

// Masks hide what callers may not see in bodies that were made for another moment, such as a stored answer.
type Masks []Mask

// Apply sets to null, at any depth of the answer, the fields that the caller of ctx may not see now, and reports whether there
// were any. The answer is a pointer.
func (m Masks) Apply(ctx context.Context, answer any) bool {
	principal, _ := authn.From(ctx)
	return m.walk(principal, reflect.ValueOf(answer))
}

func (m Masks) walk(principal *authn.Principal, v reflect.Value) (changed bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && m.walk(principal, v.Elem())
	case reflect.Interface:
		// What an interface or a map holds cannot be changed in place.
		return !v.IsNil() && m.replace(principal, v.Elem(), v.Set)
	case reflect.Map:
		for _, key := range v.MapKeys() {
			changed = m.replace(principal, v.MapIndex(key), func(masked reflect.Value) { v.SetMapIndex(key, masked) }) || changed
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return false
		}
		for i := range v.Len() {
			changed = m.walk(principal, v.Index(i)) || changed
		}
	case reflect.Struct:
		for _, mask := range m {
			if mask.fits(v.Type()) {
				changed = mask.apply(principal, v) || changed
			}
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				changed = m.walk(principal, v.Field(i)) || changed
			}
		}
	}
	return changed
}

func (m Masks) replace(principal *authn.Principal, value reflect.Value, set func(reflect.Value)) bool {
	masked := reflect.New(value.Type()).Elem()
	masked.Set(value)
	changed := m.walk(principal, masked)
	if changed {
		set(masked)
	}
	return changed
}

// fits reports whether the type is the mask's or has all its fields.
func (m Mask) fits(t reflect.Type) bool {
	if t == m.body {
		return true
	}
	for i := range m.body.NumField() {
		if _, ok := t.FieldByName(m.body.Field(i).Name); !ok {
			return false
		}
	}
	return true
}

// apply hides fields of a body; v is addressable.
func (m Mask) apply(principal *authn.Principal, v reflect.Value) (changed bool) {
	for _, h := range m.hidden {
		owner := uuid.Nil
		if h.Owner != "" {
			owner = ownerOf(v.FieldByName(h.Owner))
		}
		field, ok := v.FieldByName(h.Field).Addr().Interface().(interface {
			IsNull() bool
			SetToNull()
		})
		if ok && !field.IsNull() && !h.Guard.Shows(principal, owner) {
			field.SetToNull()
			changed = true
		}
	}
	return changed
}

// ownerOf is the id that a field holds, plain or nullable; zero for null.
func ownerOf(field reflect.Value) uuid.UUID {
	switch id := field.Interface().(type) {
	case uuid.UUID:
		return id
	case interface{ Get() (uuid.UUID, bool) }:
		if held, ok := id.Get(); ok {
			return held
		}
	}
	return uuid.Nil
}
