package semelhttp

import (
	"bufio"
	"fmt"
	"maps"
	"mime"
	"net"
	"net/http"
	"time"
)

// ErrStreaming is what a handler gets that flushes, hijacks, or writes an event stream: its response has to be whole before it goes out,
// because it is stored first. It matches http.ErrNotSupported. What a handler wrote that goes on regardless after a Flush goes out in the
// end. Take the middleware off routes that stream.
var ErrStreaming = fmt.Errorf("semelhttp: a response that is stored cannot be streamed: %w", http.ErrNotSupported)

// recorder is the http.ResponseWriter of a handler. It holds the response until it is recorded, unless it grows too long: then it passes it
// through, and only what it was is recorded.
type recorder struct {
	w    http.ResponseWriter
	most int // bytes of the body that are held

	header  http.Header // the handler's
	status  int         // zero until it is written
	sent    http.Header // as it was then
	body    []byte
	passes  bool // it goes through
	streams bool // it was refused
}

func newRecorder(w http.ResponseWriter, most int) *recorder {
	// With what middlewares outside of this one have set.
	return &recorder{w: w, most: most, header: w.Header().Clone()}
}

// Header is as http.ResponseWriter says.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader is as http.ResponseWriter says, but for informational responses, which are not sent.
func (r *recorder) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("semelhttp: %d is no status", status)) // as net/http does
	}
	isInformational := status < 200 && status != http.StatusSwitchingProtocols
	if isInformational || r.status != 0 {
		return
	}
	r.status, r.sent = status, r.header.Clone()
	mediaType, _, err := mime.ParseMediaType(r.sent.Get("Content-Type"))
	r.streams = err == nil && mediaType == "text/event-stream"
}

// Write is as http.ResponseWriter says.
func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	switch {
	case r.streams:
		return 0, ErrStreaming
	case !allowsBody(r.status):
		return 0, http.ErrBodyNotAllowed
	case r.passes:
		return r.w.Write(data)
	}
	r.body = append(r.body, data...)
	if len(r.body) <= r.most {
		return len(data), nil
	}
	r.passes = true
	r.settleType()
	err := r.write()
	r.body = nil
	return len(data), err
}

// FlushError is for http.ResponseController.
func (r *recorder) FlushError() error { return ErrStreaming }

// Hijack is as http.Hijacker says.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, ErrStreaming }

// SetReadDeadline is for http.ResponseController.
func (r *recorder) SetReadDeadline(deadline time.Time) error {
	return http.NewResponseController(r.w).SetReadDeadline(deadline)
}

// SetWriteDeadline is for http.ResponseController.
func (r *recorder) SetWriteDeadline(deadline time.Time) error {
	return http.NewResponseController(r.w).SetWriteDeadline(deadline)
}

// isSilent: the handler has not answered anything.
func (r *recorder) isSilent() bool { return r.status == 0 }

// end is called when the handler has returned.
func (r *recorder) end() {
	if r.isSilent() {
		r.WriteHeader(http.StatusOK)
	}
	if !r.passes {
		r.settleType()
	}
}

// send lets the response go out that was held.
func (r *recorder) send(isRecorded bool) {
	if r.passes {
		return
	}
	if !isRecorded {
		// Before a problem's headers, too.
		r.w.Header().Set("Idempotency-Recorded", "false")
		r.sent.Set("Idempotency-Recorded", "false")
	}
	if r.streams {
		streaming.answer(r.w, "The handler ran, but it streams its response, which cannot be stored before it goes out.")
		return
	}
	_ = r.write() // a client that has gone gets it with its next try
}

func (r *recorder) write() error {
	header := r.w.Header()
	clear(header)
	maps.Copy(header, r.sent)
	r.w.WriteHeader(r.status)
	if len(r.body) == 0 {
		return nil
	}
	_, err := r.w.Write(r.body)
	return err
}

// settleType does what net/http would do with a body of no type, so that a replay says the same.
func (r *recorder) settleType() {
	if _, isSaid := r.sent["Content-Type"]; isSaid || len(r.body) == 0 || r.sent.Get("Content-Encoding") != "" {
		return
	}
	r.sent.Set("Content-Type", http.DetectContentType(r.body))
}

func allowsBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
