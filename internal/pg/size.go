package pg

import "github.com/jackc/pgx/v5/pgtype"

// maxGrowth is how many times its bytes on the wire a value has in JSON at most: a control character of a text becomes
// \u0001. Values that are sent in binary grow less, beyond the few bytes that rowSize counts for each column.
const maxGrowth = 6

// inMemory is what a row takes besides its JSON, in part: small rows are several times as large in memory.
const inMemory = 64

// rowSize is the bytes that a row of the columns has in JSON besides its values: names, quotes, braces, commas, null. Rows of
// few bytes count as somewhat larger, because an answer's budget is there for its memory.
func rowSize(columns []column) int64 {
	size := inMemory + len(`{},`)
	for _, c := range columns {
		size += len(c.name) + len(`"":null,`) // camelCase is no longer than snake_case
	}
	return int64(size)
}

// jsonSize is the most bytes a value has in JSON, without its quotes.
func jsonSize(c *column, value []byte) int64 {
	if c.format == pgtype.BinaryFormatCode && !isText(c.oid) {
		switch c.oid {
		case pgtype.UUIDOID:
			return int64(len(`00000000-0000-0000-0000-000000000000`))
		case pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.DateOID:
			return int64(len(`-292277-12-31T23:59:59.999999+00:00`))
		case pgtype.ByteaOID: // base64
			return int64(len(value)+2) / 3 * 4
		}
		return int64(len(`-9223372036854775808.0e-300`)) // numbers and boolean
	}
	growth := &textGrowth
	switch c.oid {
	case pgtype.JSONOID, pgtype.JSONBOID:
		growth = &jsonGrowth
	case pgtype.TextArrayOID, pgtype.VarcharArrayOID:
		growth = &arrayGrowth
	}
	size := int64(len(value))
	for _, b := range value {
		size += int64(growth[b])
	}
	return size
}

// measure is what the values of a row have.
func measure(columns []column, values [][]byte) int64 {
	var size int64
	for i, v := range values {
		size += jsonSize(&columns[i], v)
	}
	return size
}

// growths are how many bytes each byte of a value's text becomes more in JSON.
var textGrowth, jsonGrowth, arrayGrowth = growths()

func growths() (text, object, array [256]uint8) {
	for b := range 0x20 {
		text[b] = 5 // \u0001
	}
	text['"'], text['\\'] = 1, 1
	array = text
	array[','], array['{'] = 2, 2 // items come without quotes, where they can
	object['<'], object['>'], object['&'] = 5, 5, 5
	object[0xe2] = 3 // U+2028 and U+2029
	return text, object, array
}
