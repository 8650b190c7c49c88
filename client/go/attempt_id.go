package semel

import "crypto/rand"

// AttemptIDBytes is the length of an attempt id.
const AttemptIDBytes = 16

// NewAttemptID draws the id of one logical Begin from the system's cryptographic random numbers; see [WithAttemptID].
func NewAttemptID() []byte {
	id := make([]byte, AttemptIDBytes)
	_, _ = rand.Read(id) // never fails: it ends the program where there is no randomness
	return id
}
