package timetext_test

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/timetext"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"2026-01-02T03:04:05Z":                time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02t03:04:05z":                time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), // section 5.6: either case
		"2026-01-02T03:04:05.5Z":              time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC),
		"2026-01-02T03:04:05.000006+02:00":    time.Date(2026, 1, 2, 1, 4, 5, 6000, time.UTC),
		"2026-01-02T03:04:05.1234567890123Z":  time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC),
		"2026-01-02T03:04:05-23:59":           time.Date(2026, 1, 3, 3, 3, 5, 0, time.UTC),
		"2026-01-02T03:04:05-00:00":           time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), // section 4.3
		"2024-02-29T00:00:00Z":                time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"0001-01-01T00:00:00Z":                {},
		"9999-12-31T23:59:59.999999999+00:00": time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		if got, err := timetext.Parse(text); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+", "2026-01-02 03:04:05Z", "2026-01-02T03:04Z",
		"2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.", "2026-01-02T03:04:05.5",
		"2026-01-02T3:04:05Z", "2026-1-02T03:04:05Z", "26-01-02T03:04:05Z", "+2026-01-02T03:04:05Z", "-2026-01-02T03:04:05Z", "12026-01-02T03:04:05Z",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-24:00", "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00+0000", "2026-01-01T00:00:00+00",
		"2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Z+00:00", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00UTC", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2016-12-31T23:59:60Z", // a leap second that there was
		"2026-01-01T00:00:0٣Z", "２026-01-01T00:00:00Z",
	} {
		if got, err := timetext.Parse(text); err == nil {
			t.Errorf("%s: got %v, want it refused", text, got)
		}
	}
}

// FuzzParse holds what is taken to what time.Parse makes of it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"2026-01-02T03:04:05Z", "2026-01-02t03:04:05.5+02:00", "2026-01-01T00:00:00+24:00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := timetext.Parse(text)
		if err != nil {
			return
		}
		again, err := timetext.Parse(got.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(got) {
			t.Errorf("%s: got %v, written and read again %v, %v", text, got, again, err)
		}
	})
}
