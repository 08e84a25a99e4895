"""The server's errors, with the numbers, severities and words that SQL Server gives them."""

from __future__ import annotations

from tds.seam import SqlError

from emulated.keywords import RESERVED

__all__ = [
    "NotModelledError",
    "SqlError",
    "TriggerError",
    "failed_conversion",
    "near",
    "no_function",
    "no_object",
    "overflow",
    "truncated",
]


class NotModelledError(SqlError):
    """The emulation does not know this, though a real server may: better no answer than a wrong one."""

    def __init__(self, what: str) -> None:
        super().__init__(49999, f"The emulated server does not model {what}.")


class TriggerError(SqlError):
    """An error of a trigger, which ends the transaction whatever the session's settings are."""


def near(word: str) -> SqlError:
    """A mistake of syntax at ``word``."""
    if word.upper() in RESERVED:
        return SqlError(156, f"Incorrect syntax near the keyword '{word}'.", severity=15)
    return SqlError(102, f"Incorrect syntax near '{word}'.", severity=15)


def no_function(name: str) -> SqlError:
    """A function that this server does not have."""
    return SqlError(195, f"'{name}' is not a recognized built-in function name.", severity=15, state=10)


def no_access(login: str, database: str) -> SqlError:
    """A login that is no user of a database."""
    return SqlError(
        916,
        f'The server principal "{login}" is not able to access the database "{database}" under the current security'
        " context.",
        severity=14,
    )


def no_object(name: str) -> SqlError:
    """A table or view that is not there, or not for this login."""
    return SqlError(208, f"Invalid object name '{name}'.")


def failed_conversion(value: object, source: str, target: str) -> SqlError:
    """Text that is no value of the type asked for."""
    if target in ("datetime", "datetime2", "date"):
        return SqlError(241, "Conversion failed when converting date and/or time from character string.")
    if target in ("int", "bigint", "smallint", "tinyint", "bit"):
        return SqlError(245, f"Conversion failed when converting the {source} value '{value}' to data type {target}.")
    if target == "money":
        return SqlError(235, "Cannot convert a char value to money. The char value has incorrect syntax.")
    return SqlError(8114, f"Error converting data type {source} to {'numeric' if target == 'decimal' else target}.")


def overflow(target: str) -> SqlError:
    """A number that its type cannot hold."""
    return SqlError(8115, f"Arithmetic overflow error converting expression to data type {target}.", state=2)


def truncated(version: tuple[int, ...], table: str, column: str, value: str) -> SqlError:
    """Text wider than its column; servers from 2019 on say which."""
    if version >= (15,):
        return SqlError(
            2628,
            f"String or binary data would be truncated in table '{table}', column '{column}'."
            f" Truncated value: '{value}'.",
        )
    return SqlError(8152, "String or binary data would be truncated.", state=14)
