package semelhttp

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	semel "semel.dev/go"
)

// keyInSemel is KeyOf(prefix, method, route, scope, key of the header).
func (h *handler) keyInSemel(r *http.Request, key string) (string, error) {
	var parts []any
	if h.prefix != "" {
		parts = append(parts, h.prefix)
	}
	parts = append(parts, r.Method, h.route(r))
	scope, err := h.scope(r)
	if err != nil {
		return "", fmt.Errorf("semelhttp: no scope: %w", err)
	}
	for _, part := range scope {
		parts = append(parts, part)
	}
	return semel.KeyOf(append(parts, key)...)
}

// route is the pattern of http.ServeMux that the request matched, without its method, and the path where there is none.
func (h *handler) route(r *http.Request) string {
	pattern := r.Pattern
	// A mux that is wrapped as a whole has not matched it yet.
	if mux, ok := h.next.(*http.ServeMux); ok {
		if _, inner := mux.Handler(r); inner != "" {
			pattern = inner
		}
	}
	if _, rest, ok := strings.Cut(pattern, " "); ok {
		pattern = strings.TrimLeft(rest, " \t")
	}
	if pattern != "" {
		return pattern
	}
	return pathOf(r)
}

func pathOf(r *http.Request) string {
	switch {
	case r.URL.Path == "":
		return "/"
	case !utf8.ValidString(r.URL.Path):
		return r.URL.EscapedPath()
	}
	return r.URL.Path
}
