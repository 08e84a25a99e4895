"""A bad link between driver and server."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence

import odbc
import pytest
from tds.proxy import AcceptAndClose, BlackHole, Corrupt, CutAtPacket, FaultProxy, ResetAfter, Trickle
from tds.scripted import ScriptedEngine
from tds.seam import Column, Done, Parameter, Reply, Result
from tds.server import TdsServer


def _script(sql: str, _parameters: Sequence[Parameter]) -> Iterator[Reply]:
    if "SELECT" in sql:
        yield Result([Column("code", "nvarchar", 20)], [(f"用友{number}",) for number in range(2000)])
    else:
        yield Done(1)


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with TdsServer(ScriptedEngine(_script)) as server, FaultProxy(server.port) as between:
        yield between


def _works(driver: str, port: int) -> bool:
    with odbc.connection(driver, port) as connection:
        return len(connection.cursor().execute("SELECT code FROM t").fetchall()) == 2000


def test_a_good_link_carries_all(driver: str, proxy: FaultProxy) -> None:
    assert _works(driver, proxy.port)


def test_bytes_one_by_one_are_still_a_message(driver: str, proxy: FaultProxy) -> None:
    proxy.behave(Trickle())
    assert _works(driver, proxy.port)


def test_a_port_can_be_closed_and_opened_again(driver: str, proxy: FaultProxy) -> None:
    proxy.refuse()
    with pytest.raises(Exception):  # noqa: B017, PT011
        odbc.connect(driver, proxy.port, timeout_s=1)
    proxy.heal()
    assert _works(driver, proxy.port)


def test_a_connection_can_be_closed_at_once(driver: str, proxy: FaultProxy) -> None:
    proxy.behave(AcceptAndClose())
    with pytest.raises(Exception):  # noqa: B017, PT011
        odbc.connect(driver, proxy.port, timeout_s=1)
    proxy.heal()
    assert _works(driver, proxy.port)


def test_a_black_hole_ends_with_the_drivers_own_timeout(driver: str, proxy: FaultProxy) -> None:
    proxy.behave(BlackHole())
    with pytest.raises(Exception, match=r"(?i)timeout|establish connection"):
        odbc.connect(driver, proxy.port, timeout_s=1)


@pytest.mark.parametrize("behaviour", [
    ResetAfter("to_client", 20), ResetAfter("to_server", 100), CutAtPacket("to_client", 1), CutAtPacket("to_server", 1),
], ids=str)  # fmt: skip
def test_a_login_does_not_survive_a_cut(driver: str, proxy: FaultProxy, behaviour: ResetAfter | CutAtPacket) -> None:
    proxy.behave(behaviour)
    with pytest.raises(Exception):  # noqa: B017, PT011
        odbc.connect(driver, proxy.port, timeout_s=2)
    proxy.heal()
    assert _works(driver, proxy.port)


def test_links_that_there_are_can_be_cut(driver: str, proxy: FaultProxy) -> None:
    with odbc.connection(driver, proxy.port) as connection:
        proxy.cut()
        with pytest.raises(Exception):  # noqa: B017, PT011
            connection.cursor().execute("UPDATE t SET a = 1")
    assert _works(driver, proxy.port)


class Echo:
    """A server that gives back what it gets, to see what a link does to bytes."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))

    def exchange(self, proxy: FaultProxy, data: bytes) -> bytes:
        """What comes back of ``data``, up to the end of the link."""
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
            server, _ = self.listener.accept()
            with server:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                received = b""
                while part := server.recv(4096):
                    received += part
                return received


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    with made.listener:
        yield made


def test_one_byte_can_be_corrupted(echo: Echo) -> None:
    with FaultProxy(echo.listener.getsockname()[1]) as proxy:
        proxy.behave(Corrupt("to_server", 3))
        assert echo.exchange(proxy, b"abcdef") == b"abc\x9bef"


def test_bytes_before_a_cut_packet_are_delivered_and_none_after(echo: Echo) -> None:
    packet = b"\x01\x01\x00\x0a\x00\x00\x01\x00hi"
    with FaultProxy(echo.listener.getsockname()[1]) as proxy:
        proxy.behave(CutAtPacket("to_server", 2))
        assert echo.exchange(proxy, packet * 4) == packet * 2
