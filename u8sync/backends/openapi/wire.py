"""One HTTP call, from the request to the last byte of the answer, in bounded time and memory.

What lives here: the connection, its certificate check, its deadline, and the difference between a request that never
left and one whose answer is missing. What does not: what an answer means (:mod:`~u8sync.backends.openapi.meanings`).

*Why no address in any error*: token and app secret travel in it. The texts of the HTTP library hold the whole address,
so none of them goes further than this room, not even as the cause of another error.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["MOST_BYTES", "Answer", "Lost", "LostError", "Unsent", "UnsentError", "Wire"]

Unsent = Literal["connect", "certificate", "proxy"]
Lost = Literal["cut", "timeout", "huge"]

MOST_BYTES: Final = 32 * 1024 * 1024
"""Longest answer that is read, unpacked."""

_PIECE: Final = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """An HTTP answer.

    Attributes:
        status: Its status code.
        retry_after: The header of that name; null when there is none.
        body: All of it, unpacked.
    """

    status: int
    retry_after: str | None
    body: bytes


class UnsentError(Exception):
    """The request certainly did not reach the server; ``kind`` says why."""

    def __init__(self, kind: Unsent) -> None:
        super().__init__(kind)
        self.kind = kind


class LostError(Exception):
    """The server may have got the request; its answer did not come, or not whole.

    ``kind``: ``cut`` the connection was lost, ``timeout`` it took too long, ``huge`` the answer is too long.
    """

    def __init__(self, kind: Lost) -> None:
        super().__init__(kind)
        self.kind = kind


_TALKATIVE: Final = ("", ".connection", ".connectionpool", ".poolmanager", ".response", ".util.retry")
"""The loggers of urllib3 that may name an address."""


def _quiet(_record: logging.LogRecord) -> bool:
    """urllib3 logs whole addresses, also in warnings: that of a header that cannot be read."""
    return False


class Wire:
    """Connections to one server; each thread has one of its own, so that nothing is shared while it is used.

    Args:
        ca_file: File in PEM with the certificates to trust; null: those that Python trusts.
        proxy: Address of a proxy; null: none, whatever the environment says.
        connect_timeout_s: Longest time to connect.
    """

    def __init__(self, *, ca_file: str | None, proxy: str | None, connect_timeout_s: float) -> None:
        self._verify: bool | str = ca_file or True
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._connect_timeout_s = connect_timeout_s
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        for name in _TALKATIVE:
            logging.getLogger(f"urllib3{name}").addFilter(_quiet)

    def get(self, url: str, query: Mapping[str, str], *, timeout_s: float) -> Answer:
        """GET; ``timeout_s`` is the longest silence, twice that the longest time in all."""
        return self._call("GET", url, query, None, timeout_s)

    def post(self, url: str, query: Mapping[str, str], body: Mapping[str, Any], *, timeout_s: float) -> Answer:
        """POST ``body`` as JSON."""
        return self._call("POST", url, query, body, timeout_s)

    def close(self) -> None:
        """Close all connections. Nobody may be using one."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _call(
        self, method: str, url: str, query: Mapping[str, str], body: Mapping[str, Any] | None, timeout_s: float
    ) -> Answer:
        failure: UnsentError | LostError
        session = self._session()
        line: _Line = self._mine.line
        line.connecting = False
        try:
            with (
                _deadline(line, 2 * timeout_s) as over,
                session.request(
                    method,
                    url,
                    params=query,
                    json=body,
                    timeout=(self._connect_timeout_s, timeout_s),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                return Answer(response.status_code, response.headers.get("Retry-After"), _body(response))
        except requests.RequestException as error:
            failure = _what_happened(error, line)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            failure = LostError("timeout" if isinstance(error, urllib3.exceptions.TimeoutError) else "cut")
        if over.is_set() and isinstance(failure, LostError):
            failure = LostError("timeout")
        # Raised outside the handler: the library's error, with the address in its text, is no context of ours.
        raise failure

    def _session(self) -> requests.Session:
        session = getattr(self._mine, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # neither proxies nor .netrc nor certificates of the environment
            session.verify = self._verify
            session.proxies = dict(self._proxies)
            session.headers["Accept"] = "application/json"
            session.headers["User-Agent"] = "u8sync"
            self._mine.line = _Line()
            adapter = _Adapter(self._mine.line)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._mine.session = session
            with self._lock:
                self._sessions.append(session)
        return session


@contextmanager
def _deadline(line: _Line, seconds: float) -> Iterator[threading.Event]:
    """Cut the connection when the time is over: a server that sends a byte now and then never times out.

    The event tells whether it was cut.
    """
    over = threading.Event()

    def cut() -> None:
        over.set()
        line.cut()

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _body(response: requests.Response) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in response.raw.stream(_PIECE, decode_content=True):
        size += len(piece)
        if size > MOST_BYTES:
            response.raw.close()
            raise LostError("huge")
        pieces.append(piece)
    return b"".join(pieces)


def _what_happened(error: requests.RequestException, line: _Line) -> UnsentError | LostError:
    """Whether the request can have been received: not before the connection stood, whatever the exception's words."""
    if not line.connecting:
        return LostError("timeout" if isinstance(error, requests.exceptions.Timeout) else "cut")
    if isinstance(error, requests.exceptions.ProxyError):
        return UnsentError("proxy")
    return UnsentError("certificate" if isinstance(error, requests.exceptions.SSLError) else "connect")


# --- a connection that can be cut from outside ------------------------------------------------------------------------


class _Line:
    """The connection that a thread uses now.

    Attributes:
        connecting: Whether it was begun and does not stand yet, certificate check and proxy included.
    """

    def __init__(self) -> None:
        self._socket: Any = None
        self.connecting = False

    def connects(self, connect: Callable[[], None], connection: HTTPConnection) -> None:
        """Connect, and remember the socket."""
        self.connecting = True
        connect()
        self.connecting = False
        self._socket = connection.sock

    def cut(self) -> None:
        """End every read and write on it."""
        socket = self._socket
        if socket is not None:
            try:
                socket.shutdown(2)
            except (OSError, ValueError):
                return  # closed already


class _Adapter(HTTPAdapter):
    """The library's own, with connections that tell their line how they stand. It never tries again."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the library has it
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._line)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _pools(self._line)
        return manager


def _pools(line: _Line) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            line.connects(super().connect, self)

    class Tls(HTTPSConnection):
        def connect(self) -> None:
            line.connects(super().connect, self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
