package semelhttp

import (
	"errors"
	"io"
	"net/http"

	semel "semel.dev/go"
	"semel.dev/go/internal/keyvalue"
)

// A Middleware wraps handlers whose requests carry keys. Many goroutines may use it at once.
type Middleware struct {
	client *semel.Client
	config config
}

// New makes a Middleware. The Client stays the caller's, who closes it after the HTTP server has shut down. Errors: options that are wrong.
func New(client *semel.Client, options ...Option) (*Middleware, error) {
	if client == nil {
		return nil, errors.New("semelhttp: the client is nil: pass the Client that semel.New answered")
	}
	config, err := defaultConfig().with(options)
	if err != nil {
		return nil, err
	}
	return &Middleware{client: client, config: config}, nil
}

// Wrap answers a handler that runs the given one once for each key. The options count for this route, after those of [New]. Wrap a
// handler of a mux, or a whole http.ServeMux: either way the route is the pattern that matched. It panics where an option is wrong, as
// http.ServeMux does where a pattern is.
func (m *Middleware) Wrap(next http.Handler, options ...Option) http.Handler {
	config, err := m.config.with(options)
	if err != nil {
		panic(err)
	}
	return &handler{config: config, client: m.client, next: next}
}

// WrapFunc is [Middleware.Wrap] of a function.
func (m *Middleware) WrapFunc(next http.HandlerFunc, options ...Option) http.Handler {
	return m.Wrap(next, options...)
}

// handler is one route.
type handler struct {
	config
	client *semel.Client
	next   http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	values := r.Header.Values(h.header)
	switch {
	case !h.appliesTo(r.Method), len(values) == 0 && h.requirement == optional:
		h.next.ServeHTTP(w, r)
	case len(values) == 0:
		keyMissing.answer(w, "This request needs the header "+h.header+".", fact{"header", h.header})
	default:
		h.serveOnce(w, r, values)
	}
}

func (h *handler) serveOnce(w http.ResponseWriter, r *http.Request, values []string) {
	key, err := keyvalue.Read(values)
	if err != nil {
		keyMalformed.answer(w, "The header "+h.header+" is wrong: "+err.Error()+".", fact{"header", h.header})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
	if err != nil {
		h.answerUnreadable(w, err)
		return
	}
	c := &call{handler: h, w: w, r: r, body: body}
	if c.key, err = h.keyInSemel(r, key); err == nil {
		c.fingerprint, err = h.fingerprintOf(r, body)
	}
	if err != nil {
		h.logger.ErrorContext(r.Context(), "semelhttp: the request has no key or no fingerprint", "error", err)
		refused.answer(w, "The server cannot tell which request this is.")
		return
	}
	c.serve()
}

func (h *handler) answerUnreadable(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		bodyTooLarge.answer(w, "The body of a request with a key may be no longer than the limit.", fact{"limit", large.Limit})
		return
	}
	// The client is gone, or has ended its side early, or sent what is no HTTP: nothing has begun.
	bodyIncomplete.answer(w, "The request's body did not arrive whole. Send it again, with the same key.")
}
