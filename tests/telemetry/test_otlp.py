"""A run as OpenTelemetry gets it, at a real server that reads what was sent; and what a dead one costs."""

from __future__ import annotations

import gzip
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ended_runs import BEGAN, DUE, ENTRY, LABELS
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from u8sync.errors import InputError
from u8sync.telemetry.figures import figures_of
from u8sync.telemetry.otlp import send
from u8sync.telemetry.stopwatch import Lap
from u8sync.text import msg

LAPS = (Lap(msg("Reading customers"), 0.5, 1.5, 1000), Lap(msg("Deciding"), 2.25, 0.25, 0))


@dataclass
class Collector:
    """What a collector got."""

    url: str
    status: int = 200
    got: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def spans(self) -> Any:
        ((resource,),) = [
            ExportTraceServiceRequest.FromString(data).resource_spans for path, data in self.got if path == "/v1/traces"
        ]
        return resource

    @property
    def metrics(self) -> Any:
        ((resource,),) = [
            ExportMetricsServiceRequest.FromString(data).resource_metrics
            for path, data in self.got
            if path == "/v1/metrics"
        ]
        return resource


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((self.path, gzip.decompress(data) if self.headers["Content-Encoding"] == "gzip" else data))
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def send_to(url: str, *, timeout_s: float = 10, entry: Any = ENTRY) -> None:
    send(url, entry, LAPS, figures_of(entry, last_success=BEGAN, due=DUE), LABELS, timeout_s=timeout_s)


def attributes(of: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of}


def test_a_run_is_one_span_with_one_for_each_step_inside(collector: Collector) -> None:
    send_to(collector.url)
    assert (
        attributes(collector.spans.resource.attributes).items()
        >= {
            "service.name": "u8sync",
            "host.name": "h",
            "process.pid": 7,
            "u8sync.account_set": "999",
            "u8sync.config": "/etc/u8sync/config.yaml",
        }.items()
    )
    (scope,) = collector.spans.scope_spans
    spans = {span.name: span for span in scope.spans}
    assert set(spans) == {"u8sync run", "Reading customers", "Deciding"}
    whole = spans["u8sync run"]
    began = int(BEGAN.timestamp() * 1e9)
    assert (whole.start_time_unix_nano, whole.end_time_unix_nano) == (began, began + 12_500_000_000)
    assert attributes(whole.attributes)["u8sync.run_id"] == ENTRY.run_id
    assert whole.status.code == 2, "an exit code that is not 0 is an error"
    assert not whole.parent_span_id
    reading = spans["Reading customers"]
    assert reading.parent_span_id == whole.span_id
    assert reading.trace_id == whole.trace_id
    assert (reading.start_time_unix_nano, reading.end_time_unix_nano) == (began + 500_000_000, began + 2_000_000_000)
    assert attributes(reading.attributes) == {"u8sync.units": 1000}


def test_the_figures_are_those_of_the_textfile(collector: Collector) -> None:
    send_to(collector.url)
    (scope,) = collector.metrics.scope_metrics
    got = {
        (metric.name, frozenset(attributes(point.attributes).items()), point.as_double)
        for metric in scope.metrics
        for point in metric.gauge.data_points
    }
    assert got == {
        (figure.name, frozenset({**LABELS, **labels}.items()), value)
        for figure in figures_of(ENTRY, last_success=BEGAN, due=DUE)
        for labels, value in figure.samples
    }


def test_a_good_run_is_no_error(collector: Collector) -> None:
    send_to(f"{collector.url}/", entry=replace(ENTRY, exit_code=0))
    (scope,) = collector.spans.scope_spans
    assert {span.status.code for span in scope.spans} == {0}


def test_a_collector_that_refuses_is_told(collector: Collector) -> None:
    collector.status = 400
    with pytest.raises(InputError, match="did not take what the run says of itself: it refused the spans"):
        send_to(collector.url)


def test_a_collector_that_is_not_there_costs_no_more_than_its_deadline(capfd: pytest.CaptureFixture[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(InputError, match=f"The collector at http://127.0.0.1:{port} did not take"):
        send_to(f"http://127.0.0.1:{port}", timeout_s=0.5)
    assert time.monotonic() - began < 5
    assert capfd.readouterr().err == "", "the terminal is not the library's"


def test_a_collector_that_never_answers_costs_no_more_than_its_deadline() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        began = time.monotonic()
        with pytest.raises(InputError, match="did not take"):
            send_to(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.5)
        assert time.monotonic() - began < 5


def test_a_collector_that_answers_drop_by_drop_costs_no_more_than_its_deadline() -> None:
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        taken, _ = server.accept()
        with closing(taken):
            for letter in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500:
                if over.wait(0.05):
                    return
                try:
                    taken.send(bytes([letter]))
                except OSError:
                    return

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        began = time.monotonic()
        with pytest.raises(InputError, match="no answer within"):
            send_to(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.5)
        assert time.monotonic() - began < 5
        over.set()
        thread.join()


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with pytest.raises(InputError, match=r'pip install "u8sync\[otel\]"'):
        send_to("http://127.0.0.1:9")
