"""Spans and metrics, with OpenTelemetry's own exporters in memory."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import semel
import semel.aio
import semel.otel
from semeld import Semeld


class Collected:
    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.metrics = InMemoryMetricReader()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        meters = MeterProvider([self.metrics])
        self.telemetry = semel.otel.OpenTelemetry(tracer_provider=tracers, meter_provider=meters, record_keys=True)

    def runs(self) -> dict[str, int]:
        """By answer."""
        return {point.attributes["semel.answer"]: point.value for point in self._points("semel.client.runs")}

    def durations(self) -> int:
        return sum(point.count for point in self._points("semel.client.run.duration"))

    def _points(self, name: str) -> list[Any]:
        data = self.metrics.get_metrics_data()
        assert data is not None
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def collected() -> Collected:
    return Collected()


def test_a_run_is_a_span_and_counts(server: Semeld, collected: Collected, key: str) -> None:
    inside = []

    def fn(attempt: semel.Attempt) -> None:
        inside.append(trace.get_current_span().get_span_context().span_id)

    with semel.Client(server.address, namespace="shop", telemetry=collected.telemetry) as client:
        client.run(key, fn)
        client.run(key, fn)
        with pytest.raises(ValueError, match="bad"), client.attempt(f"{key}/2"):
            raise ValueError("bad")
        with pytest.raises(TimeoutError):
            client.run(f"{key}/3", lambda attempt: (_ for _ in ()).throw(TimeoutError()))
        with pytest.raises(semel.AlreadyRunning):
            client.run(f"{key}/3", fn)

    ran, replayed, failed, unknown, running = collected.spans.get_finished_spans()
    assert ran.context is not None
    assert inside == [ran.context.span_id]
    assert ran.name == "semel.run"
    assert dict(ran.attributes or {}) == {
        "semel.namespace": "shop",
        "semel.answer": "done",
        "semel.attempt": 1,
        "semel.key": key,
    }
    answers = [(span.attributes or {})["semel.answer"] for span in (replayed, failed, unknown, running)]
    assert answers == ["replayed", "failed", "unknown", "already_running"]
    assert [span.status.is_ok for span in (ran, replayed, failed, unknown, running)] == [True, True, False, False, True]
    assert [event.name for event in failed.events] == ["exception"]
    assert running.events == ()
    assert collected.runs() == {"done": 1, "replayed": 1, "failed": 1, "unknown": 1, "already_running": 1}
    assert collected.durations() == 5


async def test_in_asyncio_too(server: Semeld, collected: Collected, key: str) -> None:
    async def fn(attempt: semel.aio.Attempt) -> None: ...

    async with semel.aio.Client(server.address, namespace="shop", telemetry=collected.telemetry) as client:
        await client.run(key, fn, fingerprint=b"1")
        with pytest.raises(semel.FingerprintMismatch):
            await client.run(key, fn, fingerprint=b"2")
    assert collected.runs() == {"done": 1, "mismatch": 1}


def test_nothing_of_it_is_imported_unless_it_is_asked_for() -> None:
    code = "import sys, semel, semel.aio; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True)
