package semel

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// A UUID is one of RFC 9562. As a part of [KeyOf] it stands for its text.
type UUID [16]byte

// String is the usual text in lower case, for example 017f22e2-79b0-7cc3-98c4-dc0c0c07398f.
func (u UUID) String() string {
	var text [36]byte
	hex.Encode(text[:8], u[:4])
	hex.Encode(text[9:13], u[4:6])
	hex.Encode(text[14:18], u[6:8])
	hex.Encode(text[19:23], u[8:10])
	hex.Encode(text[24:], u[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// NewUUIDv4 draws a random UUID (RFC 9562, section 5.4).
func NewUUIDv4() UUID {
	var u UUID
	_, _ = rand.Read(u[:]) // never fails: it ends the program where there is no randomness
	return u.marked(4)
}

// NewUUIDv7 draws a UUID that begins with the time in milliseconds, so that later ones sort after earlier ones (RFC 9562, section 5.7).
// Those of one millisecond are in no order.
func NewUUIDv7() UUID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return uuidV7(time.Now().UnixMilli(), random)
}

func uuidV7(unixMilli int64, random [10]byte) UUID {
	var u UUID
	for i := range 6 {
		u[i] = byte(unixMilli >> (40 - 8*i))
	}
	copy(u[6:], random[:])
	return u.marked(7)
}

// marked has its version and the variant of the RFC.
func (u UUID) marked(version byte) UUID {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	return u
}
