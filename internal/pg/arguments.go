package pg

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/clamp"
	"github.com/lockstep-dev/lockstep/internal/numeric"
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

// addFast adds an argument of a type that has a short way, or a pointer to one.
func (a *arguments) addFast(oid uint32, arg any) bool {
	switch v := arg.(type) {
	case uuid.UUID:
		return a.addID(oid, v)
	case *uuid.UUID:
		return v != nil && a.addID(oid, *v)
	case string:
		return a.addText(oid, v)
	case *string:
		return v != nil && a.addText(oid, *v)
	case int:
		return a.addInt(oid, int64(v))
	case *int:
		return v != nil && a.addInt(oid, int64(*v))
	case int64:
		return a.addInt(oid, v)
	case *int64:
		return v != nil && a.addInt(oid, *v)
	case time.Time:
		return a.addTime(oid, v)
	case *time.Time:
		return v != nil && a.addTime(oid, *v)
	case []uuid.UUID:
		return v != nil && a.addIDs(oid, v)
	}
	return false
}

func (a *arguments) addID(oid uint32, id uuid.UUID) bool {
	switch {
	case oid == pgtype.UUIDOID:
		a.ended(append(a.data, id[:]...), pgtype.BinaryFormatCode)
	case isText(oid):
		a.ended(appendID(a.data, id), pgtype.TextFormatCode)
	default:
		return false
	}
	return true
}

// addIDs adds an array of ids (PostgreSQL, utils/adt/arrayfuncs.c, array_recv): one dimension, without NULL, and its bounds.
func (a *arguments) addIDs(oid uint32, ids []uuid.UUID) bool {
	if oid != pgtype.UUIDArrayOID {
		return false
	}
	data := a.data
	for _, n := range [...]uint32{1, 0, pgtype.UUIDOID, uint32(len(ids)), 1} {
		data = binary.BigEndian.AppendUint32(data, n)
	}
	for i := range ids {
		data = binary.BigEndian.AppendUint32(data, uint32(len(ids[i])))
		data = append(data, ids[i][:]...)
	}
	a.ended(data, pgtype.BinaryFormatCode)
	return true
}

func (a *arguments) addText(oid uint32, text string) bool {
	if !isText(oid) {
		return false
	}
	a.ended(append(a.data, text...), pgtype.TextFormatCode)
	return true
}

func (a *arguments) addInt(oid uint32, n int64) bool {
	if oid != pgtype.Int8OID {
		return false
	}
	a.ended(binary.BigEndian.AppendUint64(a.data, uint64(n)), pgtype.BinaryFormatCode)
	return true
}

func (a *arguments) addTime(oid uint32, at time.Time) bool {
	if oid != pgtype.TimestamptzOID {
		return false
	}
	micros := (at.Unix()-epochSeconds)*1e6 + int64(at.Nanosecond())/1e3
	switch infinite(at) {
	case "infinity":
		micros = math.MaxInt64
	case "-infinity":
		micros = math.MinInt64
	}
	a.ended(binary.BigEndian.AppendUint64(a.data, uint64(micros)), pgtype.BinaryFormatCode)
	return true
}

// infinite is Postgres' word for a time that stands for an infinite one; empty for others.
func infinite(at time.Time) string {
	switch {
	case !at.Before(clamp.Infinity):
		return "infinity"
	case !at.After(clamp.NegativeInfinity):
		return "-infinity"
	}
	return ""
}

// ended takes in the value that data ends with.
func (a *arguments) ended(data []byte, format int16) {
	start := len(a.data)
	a.data = data
	a.values = append(a.values, data[start:len(data):len(data)])
	a.formats = append(a.formats, format)
}

// appendID writes an id as RFC 9562 does (section 4).
func appendID(to []byte, id uuid.UUID) []byte {
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			to = append(to, '-')
		}
		to = hex.AppendEncode(to, part)
	}
	return to
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
	switch at := arg.(type) {
	case time.Time:
		if word := infinite(at); word != "" {
			arg, format = word, pgtype.TextFormatCode
		}
	case *time.Time:
		if at != nil && infinite(*at) != "" {
			arg, format = infinite(*at), pgtype.TextFormatCode
		}
	case decimal.Decimal: // its own Value leaves out zeros at the end, which a numeric without a scale keeps
		arg, format = numeric.Text(at), pgtype.TextFormatCode
	}
	data, err := a.types.Encode(oid, format, arg, a.data)
	if err != nil {
		return err
	}
	if data != nil {
		a.ended(data, format)
		return nil
	}
	a.values = append(a.values, nil) // NULL
	a.formats = append(a.formats, format)
	return nil
}
