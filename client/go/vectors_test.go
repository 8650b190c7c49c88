package semel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// What keys, fingerprints and UUIDs are in every language: client/scenarios/vectors.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../scenarios/vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// asParts turns numbers into integers, where they are.
func asParts(t *testing.T, parts []any) []any {
	t.Helper()
	for i, part := range parts {
		if number, ok := part.(json.Number); ok {
			if integer, err := number.Int64(); err == nil {
				parts[i] = integer
				continue
			}
			float, err := number.Float64()
			if err != nil {
				t.Fatal(err)
			}
			parts[i] = float
		}
	}
	return parts
}

func TestKeyVectors(t *testing.T) {
	var vectors struct {
		Vectors []struct {
			Parts []any
			Key   string
		}
		Refused []struct {
			Parts []any
			Why   string
		}
	}
	readVectors(t, "keys.json", &vectors)
	if len(vectors.Vectors) == 0 || len(vectors.Refused) == 0 {
		t.Fatal("no vectors")
	}
	for _, vector := range vectors.Vectors {
		if got, err := KeyOf(asParts(t, vector.Parts)...); err != nil || got != vector.Key {
			t.Errorf("%q: got %q, %v, want %q", vector.Parts, got, err, vector.Key)
		}
	}
	for _, vector := range vectors.Refused {
		if got, err := KeyOf(asParts(t, vector.Parts)...); err == nil {
			t.Errorf("%q: got %q, but %s", vector.Parts, got, vector.Why)
		}
	}
}

func TestFingerprintVectors(t *testing.T) {
	var vectors struct {
		Vectors []struct {
			Name      string
			Value     json.RawMessage
			LeaveOut  []string `json:"leave_out"`
			Canonical string
			SHA256    string
		}
		Bytes   []struct{ Hex, SHA256 string }
		Refused []struct{ JSON, Why string }
		Pointer []struct {
			LeaveOut []string `json:"leave_out"`
			Why      string
		} `json:"refused_pointers"`
	}
	readVectors(t, "fingerprints.json", &vectors)
	if len(vectors.Vectors) == 0 || len(vectors.Refused) == 0 {
		t.Fatal("no vectors")
	}
	for _, vector := range vectors.Vectors {
		canonical, err := canonicalJSON(vector.Value, vector.LeaveOut)
		if err != nil || string(canonical) != vector.Canonical {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", vector.Name, canonical, err, vector.Canonical)
		}
		got, err := Fingerprint(vector.Value, vector.LeaveOut...)
		if err != nil || hex.EncodeToString(got) != vector.SHA256 {
			t.Errorf("%s: got %x, %v, want %s", vector.Name, got, err, vector.SHA256)
		}
	}
	for _, vector := range vectors.Bytes {
		raw, err := hex.DecodeString(vector.Hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Fingerprint(raw)
		if err != nil || hex.EncodeToString(got) != vector.SHA256 {
			t.Errorf("%s: got %x, %v, want %s", vector.Hex, got, err, vector.SHA256)
		}
	}
	for _, vector := range vectors.Refused {
		if got, err := Fingerprint(json.RawMessage(vector.JSON)); err == nil {
			t.Errorf("%s: got %x, but %s", vector.JSON, got, vector.Why)
		}
	}
	for _, vector := range vectors.Pointer {
		if got, err := Fingerprint(json.RawMessage(`{"a":1}`), vector.LeaveOut...); err == nil {
			t.Errorf("%q: got %x, but %s", vector.LeaveOut, got, vector.Why)
		}
	}
}

func TestUUIDVectors(t *testing.T) {
	var vectors struct {
		V7 []struct {
			UnixMS int64 `json:"unix_ms"`
			Random string
			UUID   string
		}
	}
	readVectors(t, "uuids.json", &vectors)
	if len(vectors.V7) == 0 {
		t.Fatal("no vectors")
	}
	for _, vector := range vectors.V7 {
		random, err := hex.DecodeString(vector.Random)
		if err != nil {
			t.Fatal(err)
		}
		if got := uuidV7(vector.UnixMS, [10]byte(random)).String(); got != vector.UUID {
			t.Errorf("got %s, want %s", got, vector.UUID)
		}
	}
}

// What a Go value has that a JSON text has not.
func TestFingerprintOfValues(t *testing.T) {
	type order struct {
		Amount int    `json:"amount"`
		Note   string `json:"note"`
		SentAt string `json:"sent_at"`
	}
	got, err := Fingerprint(order{1250, "<&>", "now"}, "/sent_at")
	want := sha256.Sum256([]byte(`{"amount":1250,"note":"<&>"}`))
	if err != nil || !bytes.Equal(got, want[:]) {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
	if got, err := Fingerprint("\uFFFD \\ufffd"); err != nil {
		t.Errorf("a replacement character is text: got %x, %v", got, err)
	}
	for name, value := range map[string]any{
		"no text":           "\xff",
		"no text, within":   map[string]string{"a": "caf\xe9"},
		"a large integer":   map[string]uint64{"id": 1 << 60},
		"a large float":     float64(1 << 60),
		"a function":        func() {},
		"half a character":  json.RawMessage(`"\ud800"`),
		"half, as a name":   json.RawMessage(`{"\udc00\ud800": 1}`),
		"half, then other":  json.RawMessage(`"\ud800A"`),
		"a member twice":    json.RawMessage(`{"a": 1, "a": 2}`),
		"no JSON":           json.RawMessage(`{"a": }`),
		"two JSON texts":    json.RawMessage(`1 2`),
		"bytes of no text":  json.RawMessage("\"\xff\""),
		"nothing":           json.RawMessage(``),
		"beyond any double": json.RawMessage(`1e400`),
	} {
		if got, err := Fingerprint(value); err == nil {
			t.Errorf("%s: got %x", name, got)
		}
	}
	if got, err := Fingerprint([]byte("{}"), "/a"); err == nil {
		t.Errorf("something is left out of bytes: got %x", got)
	}
}

func FuzzKeyOf(f *testing.F) {
	f.Add("order", "17")
	f.Add("a/b", "%2F")
	f.Add("caf\u00e9", "\x00")
	f.Fuzz(func(t *testing.T, one, two string) {
		key, err := KeyOf(one, two)
		if err != nil {
			return
		}
		if len(key) > maxKeyBytes {
			t.Errorf("%d bytes: %s", len(key), key)
		}
		for _, c := range []byte(key) {
			if c <= ' ' || c > '~' {
				t.Errorf("%q has %q", key, c)
			}
		}
		if glued, err := KeyOf(one + two); err == nil && glued == key {
			t.Errorf("%q, %q and their sum have one key", one, two)
		}
		if swapped, err := KeyOf(two, one); err == nil && swapped == key && one != two {
			t.Errorf("%q and %q swapped have one key", one, two)
		}
	})
}
