"""Spans and metrics by OpenTelemetry: the extra `semel[otel]`.

::

    client = semel.Client(telemetry=semel.otel.OpenTelemetry())

A span `semel.run` for each run() and attempt(), current while the function runs; it carries `semel.namespace`,
`semel.answer` (see RunFacts), `semel.attempt`, and the key where `record_keys` says so. Metrics:

- `semel.client.runs`, a counter by `semel.namespace` and `semel.answer`;
- `semel.client.run.duration`, a histogram in seconds by the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import metrics, trace

from semel._errors import NotRun
from semel._telemetry import RunFacts
from semel._version import __version__

# What says that the effect, or the call, went wrong; all else is the service doing its work.
_ERRORS = frozenset({"error", "failed", "unknown", "lost", "mismatch"})


class OpenTelemetry:
    """What a client's `telemetry` option takes. Thread-safe; one may serve many clients.

    Args:
        tracer_provider: absent: the global one.
        meter_provider: absent: the global one.
        record_keys: whether spans carry the key, `semel.key`. Off at first: keys may name people.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        record_keys: bool = False,
    ) -> None:
        self._tracer = trace.get_tracer("semel", __version__, tracer_provider)
        meter = metrics.get_meter("semel", __version__, meter_provider)
        self._runs = meter.create_counter("semel.client.runs", unit="{run}", description="Runs by their answer")
        self._duration = meter.create_histogram(
            "semel.client.run.duration", unit="s", description="From the begin of a run to its end"
        )
        self._record_keys = record_keys

    @contextmanager
    def run(self, facts: RunFacts) -> Iterator[None]:
        """Around one run."""
        began = time.monotonic()
        with self._tracer.start_as_current_span(
            "semel.run", kind=trace.SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                if not isinstance(error, NotRun):
                    span.record_exception(error)
                raise
            finally:
                self._tell(facts, span, time.monotonic() - began)

    def _tell(self, facts: RunFacts, span: trace.Span, taken: float) -> None:
        labels = {"semel.namespace": facts.namespace, "semel.answer": facts.answer}
        span.set_attributes(labels)
        if facts.attempt is not None:
            span.set_attribute("semel.attempt", facts.attempt)
        if facts.omitted:
            span.set_attribute("semel.omitted", True)
        if self._record_keys:
            span.set_attribute("semel.key", facts.key)
        if facts.answer in _ERRORS:
            span.set_status(trace.StatusCode.ERROR, facts.answer)
        self._runs.add(1, labels)
        self._duration.record(taken, labels)
