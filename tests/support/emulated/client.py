"""A client without a wire: what tests of the emulation talk through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from tds.seam import Done, Login, Parameter, Reply, Result, SqlError

from emulated.server import EmulatedServer
from emulated.session import EmulatedSession

__all__ = ["Client"]


class Client:
    """One login, and its session.

    Attributes:
        session: To be used where the shorter ways below do not do.
    """

    def __init__(
        self,
        server: EmulatedServer,
        user: str = "admin",
        password: str = "secret",  # noqa: S107
        database: str = "UFDATA_999_2019",
        application: str = "u8sync",
    ) -> None:
        self.session: EmulatedSession = server.login(
            Login(user, password, database, application, "desk", read_only_intent=False, encrypted=False)
        )

    def replies(self, sql: str, *values: Any) -> list[Reply]:
        """Run a batch to its end; results come with their rows in a list. Values are ``@P1``, ``@P2`` and so on."""
        parameters = [Parameter(f"@P{at}", value, _declared(value)) for at, value in enumerate(values, start=1)]
        return [
            Result(reply.columns, [tuple(row) for row in reply.rows]) if isinstance(reply, Result) else reply
            for reply in self.session.execute(sql, parameters)
        ]

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of the last result."""
        results = [reply for reply in self.replies(sql, *values) if isinstance(reply, Result)]
        return [tuple(row) for row in results[-1].rows]

    def value(self, sql: str, *values: Any) -> Any:
        """The only value of the last result."""
        ((value,),) = self.rows(sql, *values)
        return value

    def counts(self, sql: str, *values: Any) -> list[int | None]:
        """The row counts told."""
        return [reply.rows for reply in self.replies(sql, *values) if isinstance(reply, Done)]

    def error(self, sql: str, *values: Any) -> SqlError:
        """The error of a batch that must fail."""
        try:
            self.replies(sql, *values)
        except SqlError as error:
            return error
        raise AssertionError(f"no error: {sql}")


def _declared(value: Any) -> str:  # noqa: PLR0911 - one for each kind of value
    """As drivers declare parameters."""
    if isinstance(value, bool):
        return "bit"
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "bigint"
    if isinstance(value, float):
        return "float"
    if isinstance(value, Decimal):
        return f"decimal(38,{max(-int(value.as_tuple().exponent), 0)})"
    if isinstance(value, datetime):
        return "datetime2"
    if isinstance(value, bytes):
        return f"varbinary({len(value) or 1})"
    if isinstance(value, Sequence):
        return f"nvarchar({len(value) or 1})"
    return "varchar(1)"
