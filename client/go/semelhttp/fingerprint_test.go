package semelhttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// What is hashed, as every language has to write it.
func TestFingerprintsAreOfTheCanonicalRequest(t *testing.T) {
	config, err := defaultConfig().with([]Option{WithLeaveOut("/sent_at", "/items/0")})
	if err != nil {
		t.Fatal(err)
	}
	h := &handler{config: config}
	hexOf := func(body string) string {
		sum := sha256.Sum256([]byte(body))
		return hex.EncodeToString(sum[:])
	}
	for name, each := range map[string]struct{ target, contentType, body, want string }{
		"JSON": {"/orders?b=2&a=1", "application/json; charset=utf-8", `{"sent_at": 1, "items": [1, 2.0], "a": "<\u00e9>"}`,
			`{"body":{"a":"<é>","items":[2]},"content_type":"application/json; charset=utf-8","method":"POST","path":"/orders","query":"b=2&a=1"}`},
		"JSON of another type": {"/", "Application/Merge-Patch+JSON", `null`,
			`{"body":null,"content_type":"Application/Merge-Patch+JSON","method":"POST","path":"/","query":""}`},
		"a path that is quoted": {"/caf%C3%A9/a%2Fb", "", "",
			`{"body":"` + hexOf("") + `","content_type":"","method":"POST","path":"/café/a/b","query":""}`},
		"a form": {"/", "application/x-www-form-urlencoded", "a=1",
			`{"body":"` + hexOf("a=1") + `","content_type":"application/x-www-form-urlencoded","method":"POST","path":"/","query":""}`},
		"no JSON": {"/", "application/json", `{"a":1}{`,
			`{"body":"` + hexOf(`{"a":1}{`) + `","content_type":"application/json","method":"POST","path":"/","query":""}`},
		"a member twice": {"/", "application/json", `{"a":1,"a":2}`,
			`{"body":"` + hexOf(`{"a":1,"a":2}`) + `","content_type":"application/json","method":"POST","path":"/","query":""}`},
		"what looks like another member": {"/", "application/json", `1,"method":"GET"`,
			`{"body":"` + hexOf(`1,"method":"GET"`) + `","content_type":"application/json","method":"POST","path":"/","query":""}`},
	} {
		request := httptest.NewRequest("POST", each.target, strings.NewReader(each.body))
		if each.contentType != "" {
			request.Header.Set("Content-Type", each.contentType)
		}
		got, err := h.fingerprintOf(request, []byte(each.body))
		if want := sha256.Sum256([]byte(each.want)); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("%s: got %x, %v, not that of %s", name, got, err, each.want)
		}
	}
}

// vector is one of client/scenarios/vectors/http.json: what is no UTF-8 stands there in hexadecimal.
type vector struct {
	Name, Method, Path, Query, Body, Canonical, Fingerprint string

	ContentType    string   `json:"content_type"`
	QueryHex       string   `json:"query_hex"`
	ContentTypeHex string   `json:"content_type_hex"`
	BodyHex        string   `json:"body_hex"`
	LeaveOut       []string `json:"leave_out"`
}

func TestFingerprintVectors(t *testing.T) {
	text, err := os.ReadFile("../../scenarios/vectors/http.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	for _, each := range file.Vectors {
		or := func(text, inHex string) string {
			raw, err := hex.DecodeString(inHex)
			if err != nil {
				t.Fatal(err)
			}
			return text + string(raw)
		}
		config, err := defaultConfig().with([]Option{WithLeaveOut(each.LeaveOut...)})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest(each.Method, "/", nil)
		request.URL.Path, request.URL.RawQuery = each.Path, or(each.Query, each.QueryHex)
		if contentType := or(each.ContentType, each.ContentTypeHex); contentType != "" {
			request.Header.Set("Content-Type", contentType)
		}
		got, err := (&handler{config: config}).fingerprintOf(request, []byte(or(each.Body, each.BodyHex)))
		if err != nil || hex.EncodeToString(got) != each.Fingerprint {
			t.Errorf("%s: got %x, %v, not that of %s", each.Name, got, err, each.Canonical)
		}
	}
}
