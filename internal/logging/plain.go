package logging

import (
	"log/slog"
	"strconv"
	"time"
)

// appendPlain writes the record as slog.JSONHandler does, if it is one of those that are written for every request: short
// attributes of plain values. It reports false, and what it has written is no line, for any other.
func appendPlain(to []byte, r *slog.Record) ([]byte, bool) {
	to = append(to, '{')
	if !r.Time.IsZero() {
		to = r.Time.Round(0).AppendFormat(append(to, `"time":"`...), time.RFC3339Nano)
		to = append(to, `",`...)
	}
	to = append(append(to, `"level":"`...), r.Level.String()...)
	to, plain := appendText(append(to, `","msg":`...), r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "" {
			plain = false // slog leaves out an attribute that has no value either
		}
		if !plain {
			return false
		}
		if to, plain = appendText(append(to, ','), a.Key); !plain {
			return false
		}
		to = append(to, ':')
		switch a.Value.Kind() {
		case slog.KindString:
			to, plain = appendText(to, a.Value.String())
		case slog.KindInt64:
			to = strconv.AppendInt(to, a.Value.Int64(), 10)
		case slog.KindDuration:
			to = strconv.AppendInt(to, int64(a.Value.Duration()), 10)
		case slog.KindBool:
			to = strconv.AppendBool(to, a.Value.Bool())
		default:
			plain = false
		}
		return plain
	})
	return append(to, "}\n"...), plain
}

// appendText writes a text in which nothing has to be escaped (RFC 8259, section 7).
func appendText(to []byte, text string) ([]byte, bool) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return to, false
		}
	}
	return append(append(append(to, '"'), text...), '"'), true
}
