package pg_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/clamp"
)

type status string

// link implements sql.Scanner and driver.Valuer by value, like a field.Other type of Ent.
type link struct{ netip.Addr }

func (l *link) Scan(v any) (err error) {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("got %T, want string", v)
	}
	host, _, _ := strings.Cut(s, "/")
	l.Addr, err = netip.ParseAddr(host)
	return err
}

var (
	someID        = uuid.MustParse("0190a3e0-5b3c-7d1e-8f00-00000000abcd")
	someTime      = time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)
	notANumber, _ = clamp.Decimal("NaN")
	someDay       = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
)

// columnType is one column type with the ways Ent writes and reads it.
type columnType struct {
	name string
	sql  string
	// args are arguments that all mean the same value.
	args []any
	// typed are more of them, which need the parameter's type: without it pgx takes []byte for a bytea.
	typed []any
	// reads maps destinations, made by reflect.New of the value's type, to what must be in them.
	reads []any
	// special values are read by this driver only: database/sql fails on them.
	special bool
	// null is what each destination that has a NULL holds after NULL.
	null []any
}

func columnTypes() []columnType {
	day := someDay
	id := someID
	n := int64(-42)
	text := "Zoë 'quoted' \\ 日本"
	nine := int32(9)
	return []columnType{
		{
			name: "bool", sql: "boolean",
			args:  []any{true, new(true)},
			reads: []any{true, sql.NullBool{Bool: true, Valid: true}, new(true)},
			null:  []any{sql.NullBool{}, (*bool)(nil)},
		},
		{
			name: "bool_false", sql: "boolean",
			args:  []any{false},
			reads: []any{false, sql.NullBool{Valid: true}},
			null:  []any{sql.NullBool{}},
		},
		{
			name: "smallint", sql: "smallint",
			args:  []any{int16(-7), -7, int8(-7), "-7"},
			reads: []any{int16(-7), -7, int64(-7), sql.NullInt64{Int64: -7, Valid: true}, "-7", sql.NullString{String: "-7", Valid: true}},
			null:  []any{sql.NullInt64{}, (*int16)(nil)},
		},
		{
			name: "integer", sql: "integer",
			args:  []any{9, int32(9), &nine, uint8(9), "9"},
			reads: []any{9, int32(9), uint16(9), float64(9), sql.NullInt64{Int64: 9, Valid: true}, sql.NullInt32{Int32: 9, Valid: true}, &nine},
			null:  []any{sql.NullInt64{}, (*int32)(nil)},
		},
		{
			name: "bigint", sql: "bigint",
			args:  []any{n, &n, -42},
			reads: []any{n, -42, sql.NullInt64{Int64: n, Valid: true}, sql.NullFloat64{Float64: -42, Valid: true}},
			null:  []any{sql.NullInt64{}, (*int64)(nil)},
		},
		{
			name: "real", sql: "real",
			args:  []any{float32(1.5), 1.5},
			reads: []any{float32(1.5), 1.5, sql.NullFloat64{Float64: 1.5, Valid: true}},
			null:  []any{sql.NullFloat64{}},
		},
		{
			name: "double", sql: "double precision",
			args:  []any{0.1, "0.1"},
			reads: []any{0.1, sql.NullFloat64{Float64: 0.1, Valid: true}, "0.1"},
			null:  []any{sql.NullFloat64{}, (*float64)(nil)},
		},
		{
			name: "numeric", sql: "numeric(20,4)",
			args:  []any{"1234567890123.4500", decimal.RequireFromString("1234567890123.45")},
			reads: []any{"1234567890123.4500", sql.NullString{String: "1234567890123.4500", Valid: true}, decimal.RequireFromString("1234567890123.4500")},
			null:  []any{sql.NullString{}, decimal.NullDecimal{}},
		},
		{
			name: "numeric_free", sql: "numeric",
			args:  []any{"-0.000000000000000000001", decimal.RequireFromString("-1e-21")},
			reads: []any{"-0.000000000000000000001", decimal.RequireFromString("-0.000000000000000000001")},
			null:  []any{sql.NullString{}},
		},
		{
			name: "text", sql: "text",
			args:  []any{text, &text, sql.NullString{String: text, Valid: true}},
			reads: []any{text, sql.NullString{String: text, Valid: true}, []byte(text), &text},
			null:  []any{sql.NullString{}, (*string)(nil), []byte(nil)},
		},
		{
			name: "text_empty", sql: "text",
			args:  []any{""},
			reads: []any{"", sql.NullString{Valid: true}},
			null:  []any{sql.NullString{}},
		},
		{
			name: "varchar", sql: "varchar(20)",
			args:  []any{status("active"), "active"},
			reads: []any{"active", status("active"), sql.NullString{String: "active", Valid: true}},
			null:  []any{sql.NullString{}, (*status)(nil)},
		},
		{
			name: "char", sql: "char(3)",
			args:  []any{"ab"},
			reads: []any{"ab ", sql.NullString{String: "ab ", Valid: true}},
			null:  []any{sql.NullString{}},
		},
		{
			name: "bytea", sql: "bytea",
			args:  []any{[]byte{0, 1, 255}},
			reads: []any{[]byte{0, 1, 255}},
			null:  []any{[]byte(nil)},
		},
		{
			name: "uuid", sql: "uuid",
			args:  []any{id, &id, id.String(), uuid.NullUUID{UUID: id, Valid: true}},
			reads: []any{id, id.String(), uuid.NullUUID{UUID: id, Valid: true}, entsql.NullScanner{S: &id, Valid: true}, &id, sql.NullString{String: id.String(), Valid: true}},
			null:  []any{uuid.NullUUID{}, (*uuid.UUID)(nil), uuid.UUID{}},
		},
		{
			name: "json", sql: "json",
			args:  []any{json.RawMessage(`{"a": [1, null]}`), `{"a": [1, null]}`},
			typed: []any{[]byte(`{"a": [1, null]}`)},
			reads: []any{[]byte(`{"a": [1, null]}`), `{"a": [1, null]}`, sql.NullString{String: `{"a": [1, null]}`, Valid: true}},
			null:  []any{[]byte(nil), sql.NullString{}},
		},
		{
			name: "jsonb", sql: "jsonb",
			args:  []any{json.RawMessage(`{"a":[1,null]}`)},
			typed: []any{[]byte(`{"a": [1, null]}`)},
			reads: []any{[]byte(`{"a": [1, null]}`), json.RawMessage(`{"a": [1, null]}`)},
			null:  []any{[]byte(nil)},
		},
		{
			name: "date", sql: "date",
			args:  []any{someDay, "2024-02-29"},
			reads: []any{someDay, sql.NullTime{Time: someDay, Valid: true}, &day},
			null:  []any{sql.NullTime{}, (*time.Time)(nil)},
		},
		{
			name: "date_before_2000", sql: "date",
			args:  []any{"1815-12-10"},
			reads: []any{time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)},
		},
		{
			name: "date_infinity", sql: "date", special: true,
			args:  []any{"infinity", clamp.Infinity},
			reads: []any{clamp.Infinity, sql.NullTime{Time: clamp.Infinity, Valid: true}},
		},
		{
			name: "date_far", sql: "date", special: true,
			args:  []any{"5874897-12-31"},
			reads: []any{time.Date(5874897, 12, 31, 0, 0, 0, 0, time.UTC)},
		},
		{
			name: "timestamptz", sql: "timestamptz",
			args:  []any{someTime, someTime.In(time.FixedZone("", 7200)), someTime.Add(900 * time.Nanosecond)},
			reads: []any{someTime, sql.NullTime{Time: someTime, Valid: true}, entsql.NullTime{Time: someTime, Valid: true}},
			null:  []any{sql.NullTime{}, (*time.Time)(nil)},
		},
		{
			name: "timestamptz_before_1970", sql: "timestamptz",
			args:  []any{time.Date(1903, 12, 17, 10, 35, 0, 1000, time.UTC)},
			reads: []any{time.Date(1903, 12, 17, 10, 35, 0, 1000, time.UTC)},
		},
		{
			name: "timestamptz_infinity", sql: "timestamptz", special: true,
			args:  []any{"-infinity", clamp.NegativeInfinity},
			reads: []any{clamp.NegativeInfinity, sql.NullTime{Time: clamp.NegativeInfinity, Valid: true}},
		},
		{
			name: "timestamptz_last", sql: "timestamptz", special: true,
			args:  []any{"294276-12-31 23:59:59.999999+00", time.Date(294276, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
			reads: []any{time.Date(294276, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
		},
		{
			name: "timestamptz_first", sql: "timestamptz", special: true,
			args:  []any{"4714-11-24 00:00:00+00 BC"},
			reads: []any{time.Date(-4713, 11, 24, 0, 0, 0, 0, time.UTC)},
		},
		{
			name: "timestamp", sql: "timestamp",
			args:  []any{someTime},
			reads: []any{someTime, sql.NullTime{Time: someTime, Valid: true}},
			null:  []any{sql.NullTime{}},
		},
		{
			name: "time", sql: "time",
			args:  []any{"12:34:56.789"},
			reads: []any{"12:34:56.789", sql.NullString{String: "12:34:56.789", Valid: true}},
			null:  []any{sql.NullString{}},
		},
		{
			name: "interval", sql: "interval",
			args:  []any{"1 year 2 mons 3 days 04:05:06"},
			reads: []any{"1 year 2 mons 3 days 04:05:06"},
			null:  []any{sql.NullString{}},
		},
		{
			name: "inet", sql: "inet",
			args:  []any{"192.0.2.1"},
			reads: []any{link{netip.MustParseAddr("192.0.2.1")}},
			null:  []any{sql.NullString{}},
		},
		{
			name: "text_array", sql: "text[]",
			args:  []any{pq.StringArray{"a", `b "c"`, "", "NULL"}, []string{"a", `b "c"`, "", "NULL"}},
			reads: []any{pq.StringArray{"a", `b "c"`, "", "NULL"}, `{a,"b \"c\"","","NULL"}`},
			null:  []any{pq.StringArray(nil), sql.NullString{}},
		},
		{
			name: "text_array_empty", sql: "text[]",
			args:  []any{pq.StringArray{}, []string{}},
			reads: []any{pq.StringArray{}},
		},
		{
			name: "text_array_null", sql: "text[]", special: true,
			args:  []any{`{a,NULL,"b c"}`},
			reads: []any{pq.StringArray{"a", "b c"}},
		},
		{
			name: "text_array_of_two_dimensions", sql: "text[]", special: true,
			args:  []any{`[2:3][1:2]={{a,b},{c,NULL}}`},
			reads: []any{pq.StringArray{"a", "b", "c"}},
		},
		{
			name: "numeric_nan", sql: "numeric(12,2)", special: true,
			args:  []any{"NaN"},
			reads: []any{notANumber, "NaN"},
		},
		{
			name: "varchar_array", sql: "varchar(9)[]",
			args:  []any{pq.StringArray{"a"}},
			reads: []any{pq.StringArray{"a"}},
			null:  []any{pq.StringArray(nil)},
		},
		{
			name: "bigint_array", sql: "bigint[]",
			args:  []any{pq.Int64Array{1, -2}, []int64{1, -2}},
			reads: []any{pq.Int64Array{1, -2}},
			null:  []any{pq.Int64Array(nil)},
		},
		{
			name: "uuid_array", sql: "uuid[]",
			args:  []any{pq.StringArray{id.String()}, []string{id.String()}, []uuid.UUID{id}},
			reads: []any{pq.StringArray{id.String()}},
			null:  []any{pq.StringArray(nil)},
		},
		{
			name: "enum", sql: "mood",
			args:  []any{"glad"},
			reads: []any{"glad", status("glad"), sql.NullString{String: "glad", Valid: true}},
			null:  []any{sql.NullString{}},
		},
		{
			name: "domain", sql: "positive",
			args:  []any{3},
			reads: []any{3, int64(3)},
			null:  []any{sql.NullInt64{}},
		},
		{
			name: "range", sql: "int4range",
			args:  []any{"[1,5)"},
			reads: []any{"[1,5)"},
			null:  []any{sql.NullString{}},
		},
		{
			name: "tsvector", sql: "tsvector",
			args:  []any{"'cat':3"},
			reads: []any{"'cat':3"},
			null:  []any{sql.NullString{}},
		},
		{
			name: "bit", sql: "bit(3)",
			args:  []any{"101"},
			reads: []any{"101"},
			null:  []any{sql.NullString{}},
		},
		{
			name: "oid", sql: "oid",
			args:  []any{uint32(4000000000)},
			reads: []any{uint32(4000000000), int64(4000000000)},
			null:  []any{sql.NullInt64{}},
		},
	}
}
