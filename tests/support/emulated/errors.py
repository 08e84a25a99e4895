"""The server's errors, with the numbers, severities and words that SQL Server gives them."""

from __future__ import annotations

from typing import Final

from tds.seam import SqlError

__all__ = [
    "RESERVED",
    "NotModelled",
    "TriggerError",
    "near",
    "no_function",
    "no_object",
    "failed_conversion",
    "overflow",
    "truncated",
]


RESERVED: Final = frozenset(
    """
    ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BROWSE BULK BY CASCADE CASE CHECK CHECKPOINT
    CLOSE CLUSTERED COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTAINSTABLE CONTINUE CONVERT CREATE
    CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DBCC DEALLOCATE DECLARE
    DEFAULT DELETE DENY DESC DISK DISTINCT DISTRIBUTED DOUBLE DROP DUMP ELSE END ERRLVL ESCAPE EXCEPT EXEC EXECUTE
    EXISTS EXIT EXTERNAL FETCH FILE FILLFACTOR FOR FOREIGN FREETEXT FREETEXTTABLE FROM FULL FUNCTION GOTO GRANT GROUP
    HAVING HOLDLOCK IDENTITY IDENTITY_INSERT IDENTITYCOL IF IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY KILL LEFT
    LIKE LINENO LOAD MERGE NATIONAL NOCHECK NONCLUSTERED NOT NULL NULLIF OF OFF OFFSETS ON OPEN OPENDATASOURCE
    OPENQUERY OPENROWSET OPENXML OPTION OR ORDER OUTER OVER PERCENT PIVOT PLAN PRECISION PRIMARY PRINT PROC PROCEDURE
    PUBLIC RAISERROR READ READTEXT RECONFIGURE REFERENCES REPLICATION RESTORE RESTRICT RETURN REVERT REVOKE RIGHT
    ROLLBACK ROWCOUNT ROWGUIDCOL RULE SAVE SCHEMA SECURITYAUDIT SELECT SESSION_USER SET SETUSER SHUTDOWN SOME
    STATISTICS SYSTEM_USER TABLE TABLESAMPLE TEXTSIZE THEN TO TOP TRAN TRANSACTION TRIGGER TRUNCATE TRY_CONVERT
    TSEQUAL UNION UNIQUE UNPIVOT UPDATE UPDATETEXT USE USER VALUES VARYING VIEW WAITFOR WHEN WHERE WHILE WITH WRITETEXT
    """.split()
)
"""Words that are no names unless they stand in brackets."""


class NotModelled(SqlError):
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
