"""T-SQL queries as trees: sqlglot's parser, told to leave functions as they are written.

sqlglot is made to translate, and takes more than SQL Server does. What it lets through is sorted out here and by the
compiler, which knows every kind of node that it accepts.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.tsql import TSQLParser

from emulated.errors import SqlError, near

__all__ = ["check_name", "parse_condition", "parse_expression", "parse_query"]

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


class _Parser(TSQLParser):
    FUNCTIONS = {}  # noqa: RUF012
    NO_PAREN_FUNCTIONS = {}  # noqa: RUF012
    NO_PAREN_FUNCTION_PARSERS = {"CASE": TSQLParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}  # noqa: RUF012
    FUNCTION_PARSERS = {  # noqa: RUF012
        name: parser
        for name, parser in TSQLParser.FUNCTION_PARSERS.items()
        if name in ("CAST", "CONVERT", "TRY_CAST", "TRY_CONVERT")
    }


class _ServerSql(TSQL):
    Parser = _Parser
    parser_class = _Parser


_DIALECT: Final = _ServerSql()


def parse_query(text: str) -> exp.Expression:
    """The tree of one statement. Raises SqlError 102."""
    try:
        trees = [tree for tree in _DIALECT.parse(text) if tree is not None]
    except ParseError as error:
        found = error.errors[0]
        raise near(str(found.get("highlight") or found.get("description"))) from None
    except TokenError:
        raise near(text[-20:]) from None
    if len(trees) != 1:
        raise near(text[-20:])
    for name in trees[0].find_all(exp.Identifier):
        check_name(name)
    return trees[0]


def check_name(name: exp.Identifier) -> None:
    """Refuse a reserved word that stands for a name. Raises SqlError 156."""
    if not name.args.get("quoted") and name.this.upper() in RESERVED and not _is_word_of_its_own(name):
        raise SqlError(156, f"Incorrect syntax near the keyword '{name.this}'.", severity=15)


def _is_word_of_its_own(name: exp.Identifier) -> bool:
    """Functions without brackets and DEFAULT stand where a column could."""
    alone = isinstance(name.parent, exp.Column) and not name.parent.args.get("table")
    return alone and name.this.upper() in (
        "CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER", "DEFAULT",
    )  # fmt: skip


def parse_expression(text: str) -> exp.Expression:
    """The tree of an expression that stands alone, as in DECLARE or EXEC."""
    select = parse_query(f"SELECT {text}")
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        raise near(text)
    return select.expressions[0]


def parse_condition(text: str) -> exp.Expression:
    """The tree of a condition that stands alone, as in IF."""
    where = parse_query(f"SELECT 1 WHERE {text}").args.get("where")
    if where is None:
        raise near(text)
    return where.this
