"""Results of mssql-python that are whole, or an error.

*Why*: when the line is cut in the middle of a result, ``fetchall`` and ``fetchmany`` of mssql-python 1.16 return the
rows so far as if they were all, and only ``Cursor.messages`` tells of it; ``fetchone`` may raise a RuntimeError. A
customer archive that lacks its second half would look like one that somebody has tidied up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["WholeResults"]


class WholeResults:
    """A connection of mssql-python; its cursors raise what their messages tell.

    Args:
        connection: The connection.
        error: Makes the driver's exception of a message.
    """

    def __init__(self, connection: Any, error: Callable[[str], Exception]) -> None:  # noqa: ANN401
        object.__setattr__(self, "_connection", connection)
        object.__setattr__(self, "_error", error)

    def cursor(self, *arguments: Any, **named: Any) -> _Cursor:  # noqa: ANN401
        """A cursor that looks at its messages after fetching."""
        return _Cursor(self._connection.cursor(*arguments, **named), self._error)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._connection, name, value)


class _Cursor:
    def __init__(self, cursor: Any, error: Callable[[str], Exception]) -> None:  # noqa: ANN401
        self._cursor = cursor
        self._error = error

    def fetchone(self) -> Any:  # noqa: ANN401
        try:
            return self._cursor.fetchone()
        except RuntimeError as error:  # no error of the driver's own kind, and the line is cut all the same
            raise self._error(str(error)) from None

    def fetchall(self) -> Any:  # noqa: ANN401
        return self._checked(self._cursor.fetchall())

    def fetchmany(self, *size: int) -> Any:  # noqa: ANN401
        return self._checked(self._cursor.fetchmany(*size))

    def _checked(self, rows: Any) -> Any:  # noqa: ANN401
        for kind, words in self._cursor.messages:
            # Those of class 01 are warnings and prints.
            if not re.match(r"\[(?:01|00)", kind):
                raise self._error(f"{kind} {words}")
        return rows

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._cursor, name)
