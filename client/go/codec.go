package semel

import (
	"encoding/json"
	"fmt"
	"mime"
	"strings"
)

// A Codec turns the values of Run and Do into payloads and back. Used by many goroutines at once.
type Codec interface {
	// Encode answers the payload of a value and its media type. Where it fails, the effect is recorded without a payload.
	Encode(value any) (payload []byte, contentType string, err error)
	// Decode sets what `into` points to.
	Decode(payload []byte, contentType string, into any) error
}

// DefaultCodec stores []byte as application/octet-stream, string as "text/plain; charset=utf-8", and everything else as JSON
// (application/json; nil is null). Decoding into *any makes a []byte, a string, or what encoding/json makes.
type DefaultCodec struct{}

var _ Codec = DefaultCodec{}

const (
	typeBytes = "application/octet-stream"
	typeText  = "text/plain; charset=utf-8"
	typeJSON  = "application/json"
)

// Encode is as Codec says.
func (DefaultCodec) Encode(value any) ([]byte, string, error) {
	switch v := value.(type) {
	case []byte:
		return v, typeBytes, nil
	case string:
		return []byte(v), typeText, nil
	}
	payload, err := json.Marshal(value)
	return payload, typeJSON, err
}

// Decode is as Codec says.
func (DefaultCodec) Decode(payload []byte, contentType string, into any) error {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mediaType = contentType // unreadable is as good as unknown
	}
	isJSON := mediaType == typeJSON || strings.HasSuffix(mediaType, "+json")
	isText := strings.HasPrefix(mediaType, "text/")
	switch target := into.(type) {
	case *[]byte:
		*target = payload
		return nil
	case *string:
		if !isJSON {
			*target = string(payload)
			return nil
		}
	case *any:
		switch {
		case isText:
			*target = string(payload)
			return nil
		case !isJSON:
			*target = payload
			return nil
		}
	}
	if !isJSON {
		return fmt.Errorf("a %T cannot be made of %q", into, contentType)
	}
	return json.Unmarshal(payload, into)
}

// encodeSafely does not let a value's own methods panic: the effect has happened, and has to be recorded.
func encodeSafely(codec Codec, value any) (payload []byte, contentType string, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("encoding it panicked: %v", panicked)
		}
	}()
	return codec.Encode(value)
}
