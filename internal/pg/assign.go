package pg

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// errNull is what a destination that has no NULL answers.
var errNull = errors.New("cannot store NULL: scan into a pointer or a Null type")

// assign stores v in what dst points to, with the conversions of database/sql (convertAssign, which is
// not exported). v is fresh: byte slices need no copy.
func assign(dst any, v driver.Value) error {
	switch d := dst.(type) {
	case *any:
		*d = v
		return nil
	case *[]byte:
		switch v := v.(type) {
		case nil:
			*d = nil
			return nil
		case []byte:
			*d = v
			return nil
		}
		*d = []byte(text(v))
		return nil
	case *time.Time:
		if v, ok := v.(time.Time); ok {
			*d = v
			return nil
		}
	case sql.Scanner:
		return d.Scan(v)
	case nil:
		return errors.New("destination is nil")
	}
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("destination is %T: pass a pointer", dst)
	}
	return assignValue(p.Elem(), v)
}

func assignValue(d reflect.Value, v driver.Value) error {
	if d.Kind() == reflect.Pointer {
		if v == nil {
			d.SetZero()
			return nil
		}
		d.Set(reflect.New(d.Type().Elem()))
		return assign(d.Interface(), v)
	}
	if v != nil && reflect.TypeOf(v).AssignableTo(d.Type()) {
		d.Set(reflect.ValueOf(v))
		return nil
	}
	if v == nil {
		return errNull
	}
	return convert(d, v)
}

// convert goes over the text of v, as database/sql does.
func convert(d reflect.Value, v driver.Value) error {
	s := text(v)
	switch d.Kind() {
	case reflect.String:
		d.SetString(s)
		return nil
	case reflect.Slice:
		if d.Type().Elem().Kind() == reflect.Uint8 {
			d.SetBytes([]byte(s))
			return nil
		}
	case reflect.Bool:
		b, err := driver.Bool.ConvertValue(v)
		if err != nil {
			return err
		}
		d.SetBool(b.(bool))
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, d.Type().Bits())
		if err != nil {
			return fmt.Errorf("convert to %s: %w", d.Type(), withoutValue(err))
		}
		d.SetInt(n)
		return nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, d.Type().Bits())
		if err != nil {
			return fmt.Errorf("convert to %s: %w", d.Type(), withoutValue(err))
		}
		d.SetUint(n)
		return nil
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(s, d.Type().Bits())
		if err != nil {
			return fmt.Errorf("convert to %s: %w", d.Type(), withoutValue(err))
		}
		d.SetFloat(f)
		return nil
	}
	return fmt.Errorf("convert %T to %s: not supported", v, d.Type())
}

// withoutValue drops the value, which may be personal data, from an error of strconv.
func withoutValue(err error) error {
	var e *strconv.NumError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

func text(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
