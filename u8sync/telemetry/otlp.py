"""A run as OpenTelemetry sees it: one span for the run, one for each step, and the figures, sent by OTLP over HTTP.

Everything is sent once, when the run is over: a collector that does not answer costs a run at most its deadline, and no
step of it waits for one. The library is an extra and imported late; nothing of it is configured for the whole process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from u8sync import __version__
from u8sync.domain.run_entry import RunEntry
from u8sync.errors import InputError
from u8sync.telemetry.figures import Figure
from u8sync.telemetry.stopwatch import Lap
from u8sync.text import Message, english, msg

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

__all__ = ["send"]

_NS: Final = 1_000_000_000


def send(
    url: str,
    entry: RunEntry,
    laps: Sequence[Lap],
    figures: Sequence[Figure],
    labels: Mapping[str, str],
    *,
    timeout_s: float,
) -> None:
    """Send a run that ended to the collector at ``url``, to ``/v1/traces`` and ``/v1/metrics`` there.

    Raises InputError when the library is not installed, or the collector did not take everything in time.
    """
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk.trace  # noqa: F401 - both are needed below
    except ImportError:
        raise InputError(
            msg('Nothing was sent to {url}: that needs a library; pip install "u8sync[otel]"', url=url),
            hint=msg("Or take 'otlp' out of 'metrics' in the configuration."),
        ) from None
    failed: list[Message] = []
    done = threading.Event()

    def work() -> None:
        try:
            resource = _resource(entry, labels)
            failed.extend(_send_spans(url, entry, laps, resource, timeout_s))
            if not failed:
                failed.extend(_send_figures(url, figures, labels, resource, timeout_s))
        except Exception as error:  # noqa: BLE001 - whatever a library raises here, the run was good
            failed.append(msg("{kind}: {what}", kind=type(error).__name__, what=str(error)))
        finally:
            done.set()

    _hush()
    # The library counts its time by request; what it is told drop by drop would keep it longer than it may.
    threading.Thread(target=work, name="otlp", daemon=True).start()
    if not done.wait(timeout_s):
        failed = [msg("no answer within {seconds} s", seconds=timeout_s)]
    if failed:
        raise InputError(
            msg("The collector at {url} did not take what the run says of itself: {why}", url=url, why=failed[0]),
            hint=msg("See whether it runs and takes OTLP over HTTP, usually at port 4318."),
        )


def _hush() -> None:
    """Keep what the library warns of from the terminal: what went wrong is told by this module, and once."""
    logger = logging.getLogger("opentelemetry")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())


def _resource(entry: RunEntry, labels: Mapping[str, str]) -> Resource:
    from opentelemetry.sdk.resources import Resource

    return Resource(
        {
            "service.name": "u8sync",
            "service.version": __version__,
            "host.name": entry.host,
            "process.pid": entry.pid,
            **{f"u8sync.{name}": value for name, value in labels.items()},
        }
    )


def _send_spans(
    url: str, entry: RunEntry, laps: Sequence[Lap], resource: Resource, timeout_s: float
) -> Sequence[Message]:
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import Status, StatusCode, set_span_in_context

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("u8sync", __version__)
    began = _ns(entry.started_at)
    whole = tracer.start_span(f"u8sync {entry.command}", Context(), start_time=began, attributes=_attributes(entry))
    inside = set_span_in_context(whole, Context())
    for lap in laps:
        start = began + round(lap.began_s * _NS)
        units = {"u8sync.units": lap.units} if lap.units else None
        step = tracer.start_span(english(lap.name), inside, start_time=start, attributes=units)
        step.end(start + round(lap.seconds * _NS))
    if entry.exit_code:
        whole.set_status(Status(StatusCode.ERROR, None if entry.error is None else entry.for_many(entry.error).en))
    whole.end(_ns(entry.ended_at or entry.started_at))
    exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=timeout_s)
    try:
        good = exporter.export(kept.get_finished_spans()) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]
        provider.shutdown()
    return () if good else [msg("it refused the spans, or is not there")]


def _attributes(entry: RunEntry) -> dict[str, Any]:
    """What is said of the run besides its time; what it did not come to is left out."""
    known = {
        "u8sync.run_id": entry.run_id,
        "u8sync.exit_code": entry.exit_code,
        "u8sync.customers": entry.customers,
        "u8sync.planned": entry.planned,
        "u8sync.in_place": entry.in_place,
        "u8sync.not_in_place": entry.not_in_place,
        "u8sync.audit_records": entry.audit_count,
        "u8sync.guards_stopped": [guard.guard for guard in entry.stopped_by] or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _send_figures(
    url: str, figures: Sequence[Figure], labels: Mapping[str, str], resource: Resource, timeout_s: float
) -> Sequence[Message]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("u8sync", __version__)
    for figure in figures:
        gauge = meter.create_gauge(figure.name, unit=figure.unit, description=figure.meaning)
        for own, value in figure.samples:
            gauge.set(value, {**labels, **own})
    data = reader.get_metrics_data()
    exporter = OTLPMetricExporter(f"{url.rstrip('/')}/v1/metrics", timeout=timeout_s)
    try:
        good = data is None or exporter.export(data) is MetricExportResult.SUCCESS
    finally:
        exporter.shutdown()
        provider.shutdown()
    return () if good else [msg("it refused the figures, or is not there")]


def _ns(instant: datetime) -> int:
    return round(instant.timestamp() * _NS)
