// Package semelotel tells OpenTelemetry of every Run and Do of a semel.Client: a span for each, and how many came to what and took how
// long. A module of its own: who does not use it does not depend on OpenTelemetry.
//
//	observer, err := semelotel.New()
//	if err != nil {
//		return err
//	}
//	client, err := semel.New("", semel.WithObserver(observer))
//
// For spans of the calls to the server, add otelgrpc's stats handler with semel.WithDialOptions.
package semelotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	semel "semel.dev/go"
)

const (
	scope = "semel.dev/go/semelotel"

	// SpanName is that of the span of a run; its kind is internal.
	SpanName = "semel.run"
	// DurationName is the histogram of how long runs took, the function's time included, in seconds; its count is that of the runs. By
	// NamespaceKey, AnswerKey and ReplayedKey.
	DurationName = "semel.run.duration"

	// NamespaceKey is on spans and metrics.
	NamespaceKey = attribute.Key("semel.namespace")
	// AnswerKey is on spans and metrics: what the run came to, a semel.RunAnswer.
	AnswerKey = attribute.Key("semel.answer")
	// ReplayedKey is on spans and metrics: an outcome that was there before; the function was not called.
	ReplayedKey = attribute.Key("semel.replayed")
	// KeyKey is on spans only, and only with WithKeys: keys may say more about customers than traces should.
	KeyKey = attribute.Key("semel.key")
	// AttemptKey is on spans where the function was called: the number of the attempt.
	AttemptKey = attribute.Key("semel.attempt")
	// PreviousKey is on spans where the function was called: how the attempt before ended.
	PreviousKey = attribute.Key("semel.previous")
)

// An Option changes an Observer.
type Option func(*Observer)

// WithTracerProvider takes spans to that provider instead of the global one.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(o *Observer) { o.tracers = provider }
}

// WithMeterProvider takes metrics to that provider instead of the global one.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(o *Observer) { o.meters = provider }
}

// WithKeys puts the key on the spans.
func WithKeys() Option { return func(o *Observer) { o.keys = true } }

// Observer is a semel.Observer; see semel.WithObserver. Many goroutines and Clients may share one.
type Observer struct {
	tracers  trace.TracerProvider
	meters   metric.MeterProvider
	keys     bool
	tracer   trace.Tracer
	duration metric.Float64Histogram
}

var _ semel.Observer = (*Observer)(nil)

// New makes an Observer. Errors: those of the meter provider.
func New(options ...Option) (*Observer, error) {
	o := &Observer{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, option := range options {
		option(o)
	}
	o.tracer = o.tracers.Tracer(scope, trace.WithInstrumentationVersion(semel.Version))
	var err error
	o.duration, err = o.meters.Meter(scope, metric.WithInstrumentationVersion(semel.Version)).Float64Histogram(DurationName,
		metric.WithUnit("s"), metric.WithDescription("How long a run took, the function's time included."))
	return o, err
}

// RunBegins starts the span; the function that it answers ends it.
func (o *Observer) RunBegins(ctx context.Context, run semel.RunInfo) (context.Context, func(semel.RunEnd)) {
	began := time.Now()
	attributes := []attribute.KeyValue{NamespaceKey.String(run.Namespace)}
	if o.keys {
		attributes = append(attributes, KeyKey.String(run.Key))
	}
	ctx, span := o.tracer.Start(ctx, SpanName, trace.WithAttributes(attributes...))
	return ctx, func(end semel.RunEnd) {
		replayed := !end.Ran && (end.Answer == semel.RunDone || end.Answer == semel.RunFailed)
		outcome := []attribute.KeyValue{AnswerKey.String(string(end.Answer)), ReplayedKey.Bool(replayed)}
		span.SetAttributes(outcome...)
		if end.Ran {
			span.SetAttributes(AttemptKey.Int(end.Attempt), PreviousKey.String(end.Previous.String()))
		}
		if isTrouble(end) {
			span.SetStatus(codes.Error, string(end.Answer))
			if end.Err != nil {
				span.RecordError(end.Err)
			}
		}
		span.End()
		o.duration.Record(ctx, time.Since(began).Seconds(),
			metric.WithAttributes(append(outcome, NamespaceKey.String(run.Namespace))...))
	}
}

// isTrouble: somebody else at work, or a replay, is none.
func isTrouble(end semel.RunEnd) bool {
	var running *semel.AlreadyRunningError
	if errors.As(end.Err, &running) {
		return false
	}
	return end.Answer != semel.RunDone && end.Answer != semel.RunReleased
}
