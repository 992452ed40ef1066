package postgres

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// arguments are those of a statement as they go over the wire. They are encoded by pgx's rules (ExtendedQueryBuilder),
// with a short way for what nearly every statement binds: pgx looks up how to encode a type each time.
type arguments struct {
	types   *pgtype.Map
	data    []byte // where values lie
	values  [][]byte
	formats []int16
}

// encode replaces what is there by args. If oids is nil, the server is not told their types, and is sent text.
func (a *arguments) encode(oids []uint32, args []any) error {
	if a.data == nil {
		a.data = make([]byte, 0, 256) // also an empty value is a slice of it: nil is NULL
	}
	a.data, a.values, a.formats = a.data[:0], a.values[:0], a.formats[:0]
	if oids != nil && len(oids) != len(args) {
		return fmt.Errorf("postgres: %d arguments for a statement of %d", len(args), len(oids))
	}
	for i, arg := range args {
		var err error
		switch {
		case oids == nil:
			err = a.add(0, pgtype.TextFormatCode, arg)
		case !a.addFast(oids[i], arg):
			err = a.addEither(oids[i], arg)
		}
		if err != nil {
			return fmt.Errorf("postgres: encode argument %d: %w", i+1, err)
		}
	}
	return nil
}

// maxArguments is the most bytes that are kept for the next statement's.
const maxArguments = 64 << 10

// release lets go of memory that only large arguments need.
func (a *arguments) release() {
	if cap(a.data) > maxArguments {
		a.data, a.values = nil, nil
	}
}

// addFast adds an argument of a type that has a short way.
func (a *arguments) addFast(oid uint32, arg any) bool {
	start := len(a.data)
	format := int16(pgtype.BinaryFormatCode)
	switch v := arg.(type) {
	case uuid.UUID:
		if oid != pgtype.UUIDOID {
			return false
		}
		a.data = append(a.data, v[:]...)
	case string:
		if !isText(oid) {
			return false
		}
		format = pgtype.TextFormatCode
		a.data = append(a.data, v...)
	case int64:
		if oid != pgtype.Int8OID {
			return false
		}
		a.data = binary.BigEndian.AppendUint64(a.data, uint64(v))
	case int:
		if oid != pgtype.Int8OID {
			return false
		}
		a.data = binary.BigEndian.AppendUint64(a.data, uint64(v))
	case time.Time:
		if oid != pgtype.TimestamptzOID {
			return false
		}
		a.data = binary.BigEndian.AppendUint64(a.data, uint64(v.Unix()*1e6+int64(v.Nanosecond())/1e3-epochMicroseconds))
	default:
		return false
	}
	a.values = append(a.values, a.data[start:len(a.data):len(a.data)])
	a.formats = append(a.formats, format)
	return true
}

// addEither adds an argument in the format that suits its type, or in the other one.
func (a *arguments) addEither(oid uint32, arg any) error {
	format := a.types.FormatCodeForOID(oid)
	switch arg.(type) {
	case string, *string:
		format = pgtype.TextFormatCode
	}
	err := a.add(oid, format, arg)
	if err != nil && a.add(oid, pgtype.BinaryFormatCode-format, arg) == nil {
		return nil
	}
	return err
}

func (a *arguments) add(oid uint32, format int16, arg any) error {
	start := len(a.data)
	data, err := a.types.Encode(oid, format, arg, a.data)
	if err != nil {
		return err
	}
	var value []byte // NULL
	if data != nil {
		a.data = data
		value = data[start:len(data):len(data)]
	}
	a.values = append(a.values, value)
	a.formats = append(a.formats, format)
	return nil
}
