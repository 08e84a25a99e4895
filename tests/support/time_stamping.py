"""A time stamping service on 127.0.0.1: openssl signs, and the service can be told to misbehave.

A test that asks for one is skipped where there is no ``openssl``, and fails there when ``U8SYNC_REQUIRE_DRIVERS=1``.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Answer", "Authority", "TimeStamping", "make_authority", "time_stamping"]

_CONFIG: Final = """
[tsa]
default_tsa = main
[main]
serial = {serial}
crypto_device = builtin
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class Authority:
    """A folder with all that ``openssl ts -reply`` needs.

    Attributes:
        folder: The folder.
        certificates: What those who check have to trust.
    """

    folder: Path
    certificates: Path

    def answer(self, request: bytes, *, digests: str = "sha256, sha512") -> bytes:
        """The TimeStampResp to a TimeStampReq; one that refuses when the request's digest is not among ``digests``."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            place = Path(name)
            (place / "tsa.cnf").write_text(_CONFIG.format(digests=digests, serial=place / "serial"), encoding="ascii")
            (place / "serial").write_text(f"{secrets.token_hex(8)}\n", encoding="ascii")
            (place / "request.tsq").write_bytes(request)
            command = ["openssl", "ts", "-reply", "-config", str(place / "tsa.cnf"), "-section", "main"]
            command += ["-queryfile", str(place / "request.tsq"), "-out", str(place / "answer.tsr")]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
            return (place / "answer.tsr").read_bytes()


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class TimeStamping:
    """A running service.

    Attributes:
        authority: Who signs.
        url: Its address.
        requests: What came, in order.
        answer: What it says to a request; the authority's own words unless a test puts something else here.
        hold: While it is not set, requests wait; set from the beginning.
    """

    def __init__(self, authority: Authority, port: int) -> None:
        self.authority = authority
        self.url = f"http://127.0.0.1:{port}/tsr"
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[bytes], Answer] = lambda request: Answer(authority.answer(request))
        self.hold = threading.Event()
        self.hold.set()


def make_authority(folder: Path) -> Authority:
    """An authority and a certificate that it made for time stamps, in ``folder``. Skips the test without openssl."""
    if shutil.which("openssl") is None:
        reason = "needs openssl (apt-get install openssl)"
        if os.environ.get("U8SYNC_REQUIRE_DRIVERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder.mkdir(parents=True, exist_ok=True)
    root_key, key = (rsa.generate_private_key(public_exponent=65_537, key_size=2048) for _ in range(2))
    root_name, name = _name("u8sync test authority"), _name("u8sync test time stamps")
    root = (
        _builder(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    signer = (
        _builder(name, root_name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    authority = folder / "authority.pem"
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "signer.pem").write_bytes(signer.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "signer.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return Authority(folder, authority)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )


@contextmanager
def time_stamping(folder: Path) -> Iterator[TimeStamping]:
    """A service for as long as the block lasts."""
    authority = make_authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            service.requests.append((dict(self.headers), request))
            service.hold.wait(30)
            answer = service.answer(request)
            self.send_response(answer.status)
            for key, value in {"Content-Type": "application/timestamp-reply", **answer.headers}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            with suppress(OSError):  # the other side may have had enough
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the library's own name

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - a client that hangs up is part of the tests
    service = TimeStamping(authority, server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
