package pg

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

type shade string

// TestArgumentsAreEncodedAsPgxDoes compares every kind of argument, for every type it is bound to, with what pgx sends.
func TestArgumentsAreEncodedAsPgxDoes(t *testing.T) {
	t.Parallel()
	m := pgtype.NewMap()
	newCodecs().register(m)
	// Arrays of ids are results in text, for their Scanners, and arguments in binary, as pgx has them.
	ids := pgtype.NewMap()
	newCodecs().register(ids)
	array, _ := pgtype.NewMap().TypeForOID(pgtype.UUIDArrayOID)
	ids.RegisterType(array)
	id, word, never, count, big, at := uuid.New(), "word", (*uuid.UUID)(nil), 12, int64(13), time.Now()
	values := []any{
		nil, id, &id, never, uuid.Nil, "", word, &word, (*string)(nil), &count, &at, (*time.Time)(nil), &big, "ü\x00", id.String(), shade("dark"), int64(-1), int64(math.MinInt64), 7, int32(7), uint8(7), true,
		1.5, []byte("bytes"), []byte{}, time.Unix(0, 0), time.Date(1969, 7, 20, 20, 17, 40, 123456789, time.UTC), time.Time{},
		time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.FixedZone("", 3600)), []string{"a", ""}, []uuid.UUID{id}, []uuid.UUID{id, uuid.New()}, []uuid.UUID{}, pgtype.Text{}, struct{}{},
	}
	oids := []uint32{
		pgtype.UUIDOID, pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.Int8OID, pgtype.Int4OID, pgtype.Int2OID, pgtype.BoolOID,
		pgtype.Float8OID, pgtype.NumericOID, pgtype.ByteaOID, pgtype.JSONBOID, pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.DateOID,
		pgtype.TextArrayOID, pgtype.UUIDArrayOID, 99999,
	}
	ours := arguments{types: m}
	for _, oid := range oids {
		for _, v := range values {
			args := []any{v, id, v} // what is in front and behind must not run into it
			var theirs pgx.ExtendedQueryBuilder
			types := []uint32{oid, pgtype.UUIDOID, oid}
			for name, sd := range map[string]*pgconn.StatementDescription{"prepared": {ParamOIDs: types}, "untyped": nil} {
				as := m
				if _, is := v.([]uuid.UUID); is && oid == pgtype.UUIDArrayOID && sd != nil {
					as = ids
				}
				want := theirs.Build(as, sd, args)
				known := types
				if sd == nil {
					known = nil
				}
				got := ours.encode(known, args)
				if (got == nil) != (want == nil) {
					t.Errorf("%s %T as %d: got %v, want %v", name, v, oid, got, want)
				}
				if got != nil || want != nil {
					continue
				}
				same := func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
				if !slices.EqualFunc(ours.values, theirs.ParamValues, same) || !slices.Equal(ours.formats, theirs.ParamFormats) {
					t.Errorf("%s %T %v as %d: got %q in %v, want %q in %v", name, v, v, oid, ours.values, ours.formats, theirs.ParamValues, theirs.ParamFormats)
				}
			}
		}
	}
	for oid, short := range map[uint32][]any{
		pgtype.UUIDOID: {id, &id}, pgtype.TextOID: {id, word, &word}, pgtype.VarcharOID: {"", word}, pgtype.Int8OID: {7, &count, int64(-1), &big},
		pgtype.TimestamptzOID: {at, &at}, pgtype.UUIDArrayOID: {[]uuid.UUID{id}},
	} {
		for _, v := range short {
			if !ours.addFast(oid, v) {
				t.Errorf("%T as %d takes the long way", v, oid)
			}
		}
	}
	if err := ours.encode([]uint32{pgtype.UUIDOID}, []any{id, id}); err == nil {
		t.Error("an argument too many: got no error")
	}
}

func TestLargeArgumentsAreNotKept(t *testing.T) {
	t.Parallel()
	a := arguments{types: pgtype.NewMap()}
	for _, size := range []int{10, 2 * maxArguments} {
		if err := a.encode([]uint32{pgtype.TextOID}, []any{string(make([]byte, size))}); err != nil {
			t.Fatal(err)
		}
		a.release()
		if kept := cap(a.data); kept > maxArguments {
			t.Errorf("%d bytes kept after an argument of %d", kept, size)
		}
	}
	if err := a.encode([]uint32{pgtype.TextOID}, []any{""}); err != nil || a.values[0] == nil {
		t.Errorf("an empty text after them: got %v and NULL %t", err, a.values[0] == nil)
	}
}
