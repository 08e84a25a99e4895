"""One connection from its first packet to its last: the login, then requests one after another.

One thread carries requests out; another receives, so that an attention arrives while a statement runs.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from tds import channel as wire
from tds import login as handshake
from tds import tokens
from tds.answer import Answer, Environment
from tds.certificates import Tls
from tds.channel import Channel, ClosedError, Message
from tds.encoding import encode_rows
from tds.faults import Drop, DropInResult, Fault, Faults, Late, Phase, Raise, Stall
from tds.record import Kind, Record, Request
from tds.requests import read_batch, read_calls, read_transaction_request
from tds.scan import MalformedError
from tds.seam import Engine, EnvChange, Parameter, Reply, Result, Session, SqlError
from tds.statements import Statement, Statements

__all__ = ["Connection", "Shared"]

_FATAL_SEVERITY = 20
_PRELOGIN_PACKET = 4096


@dataclass(frozen=True)
class Shared:
    """What all connections of a server have in common."""

    engine: Engine
    tls: Tls | None
    faults: Faults
    record: Record

    def product(self) -> tuple[int, int, int]:
        """Major, minor and build of the engine's version."""
        major, minor, build, *_ = (int(part) for part in self.engine.version.split("."))
        return major, minor, build


class _Interrupted(Exception):  # noqa: N818
    """An attention came while a statement ran."""


class _Fatal(Exception):  # noqa: N818
    """An error so severe that the server ends the connection."""


class Connection(threading.Thread):
    """Serves one client until either side ends it.

    Args:
        accepted: The client's socket; it belongs to the connection from now on.
        shared: Of the server.
    """

    def __init__(self, accepted: socket.socket, shared: Shared) -> None:
        super().__init__(name="tds connection", daemon=True)
        self._channel = Channel(accepted)
        self._shared = shared
        self._application = ""
        self._incoming: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._receive, name="tds reader", daemon=True)
        self._turn = threading.Lock()
        self._outstanding = 0
        self._attention = False
        self._gone = False
        self._detached = False
        self._shut = False
        self._held: Fault | None = None
        self._session: Session | None = None

    def drop(self) -> None:
        """Cut the link, from any thread."""
        self._channel.stop()

    def shut(self) -> None:
        """End the connection with all it waits for, from any thread."""
        self._shut = True
        self._channel.stop()
        self._nudge()

    def run(self) -> None:
        """The thread's life."""
        try:
            self._serve()
        except ClosedError:
            pass
        except Exception as failure:  # noqa: BLE001
            self._shared.record.add_crash(failure)
        finally:
            self._end_link(reset=False)
            if self._session:
                self._session.close()

    def _serve(self) -> None:
        hello = self._log_in()
        self._reader.start()
        statements = Statements(self._session_now())
        environment = Environment(hello.login.database or "master")
        while message := self._incoming.get():
            self._answer(message, statements, environment)

    def _session_now(self) -> Session:
        if self._session is None:
            raise ClosedError
        return self._session

    # The login.

    def _log_in(self) -> handshake.Hello:
        self._suffer_early("prelogin")
        encryption = self._agree()
        hello = handshake.read_login(
            self._channel.receive().payload, encrypted=encryption in (handshake.ON, handshake.REQUIRED)
        )
        if encryption == handshake.OFF:
            self._channel.stop_tls()
        self._shared.record.add_login(hello.login)
        try:
            self._suffer_early("login")
            self._session = self._shared.engine.login(hello.login)
        except SqlError as failure:
            self._refuse(failure, hello.login.user)
        self._application = hello.login.application
        self._channel.spid = self._session_now().spid
        self._welcome(hello)
        return hello

    def _agree(self) -> int:
        """Answer PRELOGIN, and protect the channel if both want it."""
        tls = self._shared.tls
        wish = handshake.read_prelogin_encryption(self._channel.receive().payload)
        encryption = handshake.encryption_answer(wish, tls.protects if tls else None)
        self._channel.write(handshake.prelogin_answer(self._shared.product(), encryption))
        self._channel.finish()
        if tls and encryption != handshake.NOT_SUPPORTED:
            self._channel.start_tls(tls.context())
        return encryption

    def _refuse(self, failure: SqlError, user: str) -> None:
        self._channel.write(tokens.error(failure))
        if failure.number == 4060:
            self._channel.write(tokens.error(SqlError(18456, f"Login failed for user '{user}'.", severity=14)))
        self._channel.write(tokens.done(tokens.ERROR))
        self._channel.finish()
        raise ClosedError

    def _welcome(self, hello: handshake.Hello) -> None:
        product = self._shared.product()
        newest = 0x730B0003 if product[0] <= 10 else 0x74000004
        database = hello.login.database or "master"
        size = min(max(hello.packet_size or _PRELOGIN_PACKET, 512), 32_767)
        self._channel.write(
            tokens.database_changed(database, "master")
            + tokens.info(5701, f"Changed database context to '{database}'.")
            + tokens.collation_changed()
            + tokens.language_changed("us_english")
            + tokens.info(5703, "Changed language setting to us_english.")
            + tokens.login_acknowledged(min(newest, hello.tds_version), product)
            + tokens.packet_size_changed(size, _PRELOGIN_PACKET)
        )
        if hello.has_features and newest == 0x74000004:
            self._channel.write(tokens.feature_extension_end())
        self._channel.write(tokens.done(0))
        self._channel.finish()
        self._channel.packet_size = size

    def _suffer_early(self, phase: Phase) -> None:
        """What a fault does before there is a session. Raises SqlError to refuse the login, ClosedError."""
        fault = self._shared.faults.next(phase)
        if fault is None:
            return
        match fault.action:
            case Raise(number, message, severity, state):
                raise SqlError(number, message, severity=severity, state=state)
            case Drop(reset=reset) | Late(reset=reset) | DropInResult(reset=reset):
                self._cut(reset=reset)
            case Stall():
                self._hold(fault)

    # The second thread.

    def _receive(self) -> None:
        with contextlib.suppress(ClosedError):
            while True:
                message = self._channel.receive()
                if message.kind == wire.ATTENTION:
                    self._attend(message)
                    continue
                with self._turn:
                    self._outstanding += 1
                self._incoming.put(message)
        with self._turn:
            self._gone = True
            if self._outstanding and not self._detached:
                self._session_now().cancel()
        self._incoming.put(None)
        self._nudge()

    def _attend(self, message: Message) -> None:
        self._note("attention", "")
        with self._turn:
            if self._outstanding:
                self._attention = True
                self._session_now().cancel()
            else:
                self._incoming.put(message)
        self._nudge()

    def _nudge(self) -> None:
        if held := self._held:
            held.nudge()

    # Requests.

    def _answer(self, message: Message, statements: Statements, environment: Environment) -> None:
        if message.kind == wire.ATTENTION:
            self._channel.write(tokens.done(tokens.ATTENTION))
            self._channel.finish()
            return
        if message.reset:
            self._reset(statements)
        over = False
        try:
            self._carry_out(message, statements, environment)
        except _Interrupted:
            pass
        except _Fatal:
            over = True
        with self._turn:
            attention, self._attention = self._attention, False
            self._outstanding -= 1
        if attention:
            self._channel.write(tokens.done(tokens.ATTENTION))
        self._channel.finish()
        if over:
            raise ClosedError

    def _carry_out(self, message: Message, statements: Statements, environment: Environment) -> None:
        match message.kind:
            case wire.BATCH:
                self._perform(statements.batch(read_batch(message.payload)), "", environment)
            case wire.TRANSACTION:
                self._perform(statements.transaction(read_transaction_request(message.payload)), "", environment)
            case wire.RPC:
                calls = read_calls(message.payload)
                for call in calls:
                    self._perform(statements.call(call), call.procedure, environment, last=call is calls[-1])
            case kind:
                raise MalformedError(f"packet type 0x{kind:02x}")

    def _perform(self, statement: Statement, procedure: str, environment: Environment, *, last: bool = True) -> None:
        """Carry one statement out, and answer it."""
        self._note(statement.kind, statement.sql, statement.parameters, procedure)
        answer = Answer(self._channel, environment, statement, last=last)
        try:
            self._check_attention()
            for reply in self._replies(statement, answer):
                answer.add(reply, lambda: self._attention)
                self._check_attention()
        except SqlError as failure:
            self._check_attention()
            answer.fail(failure)
            if failure.severity >= _FATAL_SEVERITY:
                raise _Fatal from failure
        except (ClosedError, _Interrupted):
            raise
        except Exception as failure:  # noqa: BLE001
            self._shared.record.add_crash(failure)
            answer.fail(SqlError(50_000, f"The test server failed: {failure!r}"))
        else:
            answer.end()

    def _note(self, kind: Kind, sql: str, parameters: tuple[Parameter, ...] = (), procedure: str = "") -> None:
        self._shared.record.add_request(Request(kind, sql, parameters, procedure, self._application))

    def _check_attention(self) -> None:
        if self._attention:
            raise _Interrupted

    def _replies(self, statement: Statement, answer: Answer) -> Iterator[Reply]:
        """What the engine replies, or what a fault makes of it."""
        fault = self._shared.faults.next(statement.phase, statement.sql) if statement.executes else None
        if fault is None:
            yield from statement.run()
            return
        match fault.action:
            case Raise() as action:
                yield from self._raise(action, statement)
            case Drop(executed, reset):
                if executed:
                    _drain(statement)
                self._cut(reset=reset)
            case DropInResult() as action:
                for reply in statement.run():
                    if isinstance(reply, Result):
                        self._cut_in(reply, action, answer)
                    yield reply
            case Late(reset):
                self._end_link(reset=reset)
                self._held = fault
                if fault.hold(lambda: self._shut):
                    _drain(statement)
                    fault.end()
                raise ClosedError
            case Stall():
                self._hold(fault)
                yield from statement.run()

    def _raise(self, action: Raise, statement: Statement) -> Iterator[Reply]:
        if action.executed:
            yield from (reply for reply in _drain(statement) if isinstance(reply, EnvChange))
        if action.rolls_back:
            # Outside a transaction there is nothing to roll back.
            with contextlib.suppress(SqlError):
                self._session_now().rollback()
                yield EnvChange("rollback")
        raise SqlError(action.number, action.message, severity=action.severity, state=action.state)

    def _hold(self, fault: Fault) -> None:
        """Wait for a fault's release. Raises _Interrupted after an attention, ClosedError when the client has gone."""
        self._held = fault
        released = fault.hold(lambda: self._attention or self._gone or self._shut)
        self._held = None
        if not released:
            self._check_attention()
            raise ClosedError

    def _cut_in(self, result: Result, action: DropInResult, answer: Answer) -> None:
        answer.begin_result(result)
        for chunk, _ in encode_rows(result.columns, islice(result.rows, action.rows)):
            self._channel.write(chunk)
        self._channel.flush()
        if action.truncated:
            # The token of a row that never comes.
            self._channel.send_truncated(b"\xd1")
        self._cut(reset=action.reset)

    def _cut(self, *, reset: bool) -> NoReturn:
        self._end_link(reset=reset)
        raise ClosedError

    def _end_link(self, *, reset: bool) -> None:
        """End the link, but not the session: what runs goes on."""
        self._detached = True
        self._channel.stop(reset=reset)
        if self._reader.ident:
            self._reader.join()
        self._channel.close()

    def _reset(self, statements: Statements) -> None:
        """A pool hands the connection to somebody else."""
        statements.forget()
        with contextlib.suppress(SqlError):
            self._session_now().rollback()
        self._channel.write(tokens.session_reset())


def _drain(statement: Statement) -> list[Reply]:
    """Carry a statement out to its end, whatever it answers; returns the replies, results without their rows."""
    replies = []
    with contextlib.suppress(SqlError):
        for reply in statement.run():
            if isinstance(reply, Result):
                deque(reply.rows, maxlen=0)
            replies.append(reply)
    return replies
