package pg

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// firstNormalObjectID is where the OIDs of types that users create begin (PostgreSQL, access/transam.h).
const firstNormalObjectID = 16384

// codecs are the types registered on every connection, differing from pgx's own in two ways: uuid is
// google/uuid without the detour over driver.Valuer, and types that have no fast path in scan.go come as
// text, because sql.Scanner implementations expect the text of arrays, numerics and intervals.
type codecs struct{ types []*pgtype.Type }

func newCodecs() *codecs {
	m := pgtype.NewMap()
	c := &codecs{types: []*pgtype.Type{{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}}}}
	for oid := range uint32(firstNormalObjectID) {
		t, ok := m.TypeForOID(oid)
		if !ok || hasBinaryPath(oid) {
			continue
		}
		c.types = append(c.types, &pgtype.Type{Name: t.Name, OID: oid, Codec: textCodec{t.Codec}})
	}
	return c
}

func hasBinaryPath(oid uint32) bool {
	switch oid {
	case pgtype.UUIDOID, pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID,
		pgtype.Float4OID, pgtype.Float8OID, pgtype.ByteaOID,
		pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return true
	}
	return isText(oid)
}

func isText(oid uint32) bool {
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID:
		return true
	}
	return false
}

func (c *codecs) register(m *pgtype.Map) {
	m.RegisterTypes(c.types)
	// Where parameters go without their type, pgx knows the type of a slice from here only.
	m.RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
}

// textCodec asks for the text format of a type pgx would transfer in binary.
type textCodec struct{ pgtype.Codec }

func (textCodec) PreferredFormat() int16 { return pgtype.TextFormatCode }

// uuidCodec is pgx's uuid with direct encoding of uuid.UUID.
type uuidCodec struct{ pgtype.UUIDCodec }

func (c uuidCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	switch value.(type) {
	case uuid.UUID, *uuid.UUID: // Ent passes the id of a new row as a pointer
		if format == pgtype.BinaryFormatCode {
			return encodeUUIDBinary{}
		}
		return encodeUUIDText{}
	}
	return c.UUIDCodec.PlanEncode(m, oid, format, value)
}

type encodeUUIDBinary struct{}

func (encodeUUIDBinary) Encode(value any, buf []byte) ([]byte, error) {
	id, null, err := uuidOf(value)
	if err != nil || null {
		return nil, err
	}
	return append(buf, id[:]...), nil
}

type encodeUUIDText struct{}

func (encodeUUIDText) Encode(value any, buf []byte) ([]byte, error) {
	id, null, err := uuidOf(value)
	if err != nil || null {
		return nil, err
	}
	return append(buf, id.String()...), nil
}

// uuidOf returns the id, or that it is NULL, which a nil pointer is.
func uuidOf(value any) (id uuid.UUID, null bool, err error) {
	switch v := value.(type) {
	case uuid.UUID:
		return v, false, nil
	case *uuid.UUID:
		if v == nil {
			return id, true, nil
		}
		return *v, false, nil
	}
	return id, false, fmt.Errorf("encode %T as uuid: want uuid.UUID", value)
}
