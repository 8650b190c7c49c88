package semelotel_test

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	semel "semel.dev/go"
	"semel.dev/go/internal/semeldtest"
	"semel.dev/go/semelotel"
)

func TestRunsAreSpansAndCounted(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	metrics := sdkmetric.NewManualReader()
	observer, err := semelotel.New(semelotel.WithKeys(),
		semelotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
		semelotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics))))
	if err != nil {
		t.Fatal(err)
	}
	client, err := semel.New(semeldtest.Start(t, semeldtest.Options{}).Address, semel.WithNamespace("shop"), semel.WithObserver(observer))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	run := func(key string, fail error) {
		_, err := semel.Run(t.Context(), client, key, func(ctx context.Context, _ *semel.Attempt) (string, error) {
			if !trace.SpanFromContext(ctx).SpanContext().IsValid() {
				t.Error("the function is not within the span")
			}
			return "ok", fail
		})
		if !errors.Is(err, fail) {
			t.Error(err)
		}
	}
	run("order/1", nil)
	run("order/1", nil)
	run("order/2", semel.Final("NO", ""))

	for i, want := range []struct {
		answer   string
		replayed bool
		status   codes.Code
	}{{"done", false, codes.Unset}, {"done", true, codes.Unset}, {"failed", false, codes.Error}} {
		span := spans.Ended()[i]
		set := attribute.NewSet(span.Attributes()...)
		answer, _ := set.Value(semelotel.AnswerKey)
		replayed, _ := set.Value(semelotel.ReplayedKey)
		if answer.AsString() != want.answer || replayed.AsBool() != want.replayed || span.Status().Code != want.status {
			t.Errorf("%d: got %v, %v", i, span.Attributes(), span.Status())
		}
	}

	var collected metricdata.ResourceMetrics
	if err := metrics.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	histogram, ok := collected.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64])
	if !ok || len(histogram.DataPoints) != 3 {
		t.Errorf("got %+v", collected.ScopeMetrics)
	}
}
