package pg

import (
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/clamp"
)

// decoders lends type maps to rows that hold a type without a fast path. A map is not safe for
// concurrent use and costly to build.
var decoders = sync.Pool{New: func() any { return pgtype.NewMap() }}

// scan stores src, nil for NULL, in dst. The switch holds what Ent generates, without boxing the value;
// everything else goes over driver.Value like in database/sql.
func (r *rows) scan(c *column, src []byte, dst any) error {
	if src != nil && r.scanFast(c, src, dst) {
		return nil
	}
	if n, ok := dst.(*entsql.NullScanner); ok {
		n.Valid = src != nil
		if src == nil {
			return nil
		}
		return r.scan(c, src, n.S)
	}
	value, err := r.value(c, src)
	if err != nil {
		return err
	}
	return assign(dst, value)
}

func (r *rows) scanFast(c *column, src []byte, dst any) bool {
	switch d := dst.(type) {
	case *uuid.UUID:
		if c.oid == pgtype.UUIDOID && c.format == pgtype.BinaryFormatCode && len(src) == 16 {
			copy(d[:], src)
			return true
		}
	case *sql.NullString:
		if isText(c.oid) {
			d.String, d.Valid = string(src), true
			return true
		}
	case *sql.NullInt64:
		if n, ok := integer(c, src); ok {
			d.Int64, d.Valid = n, true
			return true
		}
	case *sql.NullBool:
		if c.oid == pgtype.BoolOID && c.format == pgtype.BinaryFormatCode && len(src) == 1 {
			d.Bool, d.Valid = src[0] == 1, true
			return true
		}
	case *sql.NullTime:
		if t, ok := instant(c, src); ok {
			d.Time, d.Valid = t, true
			return true
		}
	case *pq.StringArray:
		if (c.oid == pgtype.TextArrayOID || c.oid == pgtype.VarcharArrayOID) && c.format == pgtype.TextFormatCode {
			*d = clamp.Texts(string(src))
			return true
		}
	case *decimal.Decimal:
		if c.oid == pgtype.NumericOID && c.format == pgtype.TextFormatCode {
			v, ok := clamp.Decimal(string(src))
			if ok {
				*d = v
			}
			return ok
		}
	case *[]byte:
		if isText(c.oid) || c.format == pgtype.TextFormatCode && (c.oid == pgtype.JSONOID || c.oid == pgtype.JSONBOID) {
			*d = append(make([]byte, 0, len(src)), src...)
			return true
		}
	}
	return false
}

// value returns src as one of the types of driver.Value; src nil is NULL.
func (r *rows) value(c *column, src []byte) (driver.Value, error) {
	if src == nil {
		return nil, nil
	}
	if isText(c.oid) {
		return string(src), nil
	}
	if n, ok := integer(c, src); ok {
		return n, nil
	}
	if t, ok := instant(c, src); ok {
		return t, nil
	}
	if c.format == pgtype.BinaryFormatCode {
		switch {
		case c.oid == pgtype.UUIDOID && len(src) == 16:
			return uuid.UUID(src).String(), nil
		case c.oid == pgtype.BoolOID && len(src) == 1:
			return src[0] == 1, nil
		case c.oid == pgtype.Float8OID && len(src) == 8:
			return math.Float64frombits(binary.BigEndian.Uint64(src)), nil
		case c.oid == pgtype.Float4OID && len(src) == 4:
			return float64(math.Float32frombits(binary.BigEndian.Uint32(src))), nil
		case c.oid == pgtype.ByteaOID:
			return append([]byte{}, src...), nil
		}
	}
	if !decodes(c) {
		if c.format == pgtype.BinaryFormatCode {
			return nil, fmt.Errorf("type %d came in binary: register its codec", c.oid)
		}
		return string(src), nil
	}
	if r.types == nil {
		r.types, _ = decoders.Get().(*pgtype.Map)
	}
	t, ok := r.types.TypeForOID(c.oid)
	if !ok {
		return string(src), nil
	}
	v, err := t.Codec.DecodeDatabaseSQLValue(r.types, c.oid, c.format, src)
	if at, ok := v.(time.Time); ok {
		return at.UTC(), err
	}
	return v, err
}

// decodes reports whether a value is more to database/sql than its text.
func decodes(c *column) bool {
	switch c.oid {
	case pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID,
		pgtype.OIDOID, pgtype.XIDOID, pgtype.CIDOID, pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID, pgtype.XMLOID,
		pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return true
	}
	return c.format == pgtype.BinaryFormatCode
}

func integer(c *column, src []byte) (int64, bool) {
	if c.format != pgtype.BinaryFormatCode {
		return 0, false
	}
	switch {
	case c.oid == pgtype.Int8OID && len(src) == 8:
		return int64(binary.BigEndian.Uint64(src)), true
	case c.oid == pgtype.Int4OID && len(src) == 4:
		return int64(int32(binary.BigEndian.Uint32(src))), true
	case c.oid == pgtype.Int2OID && len(src) == 2:
		return int64(int16(binary.BigEndian.Uint16(src))), true
	}
	return 0, false
}

// Postgres counts from 2000-01-01 UTC: timestamps in microseconds, dates in days
// (PostgreSQL, datatype/timestamp.h).
const (
	epochSeconds  = 946_684_800
	secondsPerDay = 86_400
)

// instant returns a point in time in UTC; for ±infinity one that stands for it.
func instant(c *column, src []byte) (time.Time, bool) {
	if c.format != pgtype.BinaryFormatCode {
		return infiniteText(c, src)
	}
	switch {
	case (c.oid == pgtype.TimestamptzOID || c.oid == pgtype.TimestampOID) && len(src) == 8:
		switch us := int64(binary.BigEndian.Uint64(src)); us {
		case math.MaxInt64:
			return clamp.Infinity, true
		case math.MinInt64:
			return clamp.NegativeInfinity, true
		default:
			// In two parts: the last years of Postgres, since 1970, are more microseconds than an int64 has.
			return time.Unix(us/1_000_000+epochSeconds, us%1_000_000*1000).UTC(), true
		}
	case c.oid == pgtype.DateOID && len(src) == 4:
		switch days := int32(binary.BigEndian.Uint32(src)); days {
		case math.MaxInt32:
			return clamp.Infinity, true
		case math.MinInt32:
			return clamp.NegativeInfinity, true
		default:
			return time.Unix(epochSeconds+int64(days)*secondsPerDay, 0).UTC(), true
		}
	}
	return time.Time{}, false
}

// infiniteText is instant for text, of which pgx reads all but the two infinities.
func infiniteText(c *column, src []byte) (time.Time, bool) {
	switch c.oid {
	case pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.DateOID:
		switch string(src) {
		case "infinity":
			return clamp.Infinity, true
		case "-infinity":
			return clamp.NegativeInfinity, true
		}
	}
	return time.Time{}, false
}
