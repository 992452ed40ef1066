package devseed

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

// newID is a UUIDv7 (RFC 9562, section 5.7) whose random bits come from the name of what it identifies: the same in
// every database, sorted by time like any other.
func newID(at time.Time, name ...string) uuid.UUID {
	digest := sha256.Sum256([]byte(strings.Join(name, "\x00")))
	var id uuid.UUID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	copy(id[6:], digest[:10])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
