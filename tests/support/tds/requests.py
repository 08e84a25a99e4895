"""What a logged-in client asks: a batch, remote procedure calls, a transaction manager request."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from typing import Any, Literal

from tds.decoding import read_typed
from tds.scan import MalformedError, Scan
from tds.seam import Parameter

__all__ = ["Argument", "Call", "TransactionRequest", "bind", "read_batch", "read_calls", "read_transaction_request"]

_PROCEDURES = {
    1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute", 5: "sp_cursorprepexec",
    6: "sp_cursorunprepare", 7: "sp_cursorfetch", 8: "sp_cursoroption", 9: "sp_cursorclose", 10: "sp_executesql",
    11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 14: "sp_prepexecrpc", 15: "sp_unprepare",
}  # fmt: skip
_BY_NUMBER = 0xFFFF
_NEXT_CALL = (0x80, 0xFE, 0xFF)
_TRANSACTION_KINDS: dict[int, Literal["begin", "commit", "rollback"]] = {5: "begin", 7: "commit", 8: "rollback"}
_DECLARATION = re.compile(r"(@\w+)\s+([^,(]+(?:\([^)]*\))?)\s*(?:,|$)")


@dataclass(frozen=True)
class Argument:
    """One argument of a call. ``output`` says the client wants it back."""

    parameter: Parameter
    output: bool


@dataclass(frozen=True)
class Call:
    """A remote procedure call; ``procedure`` in the client's spelling."""

    procedure: str
    arguments: tuple[Argument, ...]

    def value(self, place: int) -> Any:
        """An argument's value. Raises MalformedError when it was not given."""
        if place >= len(self.arguments):
            raise MalformedError(f"argument {place} of {self.procedure} is missing")
        return self.arguments[place].parameter.value


@dataclass(frozen=True)
class TransactionRequest:
    """What a transaction manager request asks for; a commit or rollback may begin the next transaction at once."""

    what: Literal["begin", "commit", "rollback"]
    begins_next: bool = False


def read_batch(payload: bytes) -> str:
    """The SQL of a batch."""
    scan = _after_headers(payload)
    return scan.data[scan.position :].decode("utf-16-le", "surrogatepass")


def read_calls(payload: bytes) -> list[Call]:
    """The calls of an RPC message. Raises MalformedError for a type that this server does not know."""
    scan = _after_headers(payload)
    calls = []
    while not scan.at_end:
        calls.append(_read_call(scan))
    return calls


def _read_call(scan: Scan) -> Call:
    length = scan.ushort()
    if length == _BY_NUMBER:
        number = scan.ushort()
        procedure = _PROCEDURES.get(number, f"procedure number {number}")
    else:
        procedure = scan.text(length)
    scan.ushort()
    arguments = []
    while not scan.at_end:
        name_length = scan.byte()
        if name_length in _NEXT_CALL:
            break
        name = scan.text(name_length)
        flags = scan.byte()
        typed = read_typed(scan)
        arguments.append(Argument(Parameter(name, typed.value, typed.declared), output=bool(flags & 1)))
    return Call(procedure, tuple(arguments))


def read_transaction_request(payload: bytes) -> TransactionRequest:
    """A transaction manager request. Raises MalformedError for savepoints and distributed transactions."""
    scan = _after_headers(payload)
    number = scan.ushort()
    what = _TRANSACTION_KINDS.get(number)
    if what is None:
        raise MalformedError(f"transaction manager request {number}")
    if what == "begin":
        return TransactionRequest(what)
    scan.take(scan.byte())
    return TransactionRequest(what, begins_next=bool(scan.byte() & 1))


def _after_headers(payload: bytes) -> Scan:
    return Scan(payload, struct.unpack_from("<I", payload)[0])


def bind(declarations: str | None, arguments: tuple[Argument, ...]) -> tuple[Parameter, ...]:
    """The arguments of a parametrised statement, each with the name and type that the statement declares."""
    declared = _DECLARATION.findall(declarations or "")
    return tuple(
        replace(argument.parameter, name=argument.parameter.name or name, declared=kind.strip())
        for argument, (name, kind) in zip(arguments, declared, strict=True)
    )
