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

from emulated.errors import near
from emulated.keywords import RESERVED

__all__ = ["check_name", "parse_condition", "parse_expression", "parse_query"]


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
    """Raise SqlError 156 for a reserved word that stands for a name."""
    if not name.args.get("quoted") and name.this.upper() in RESERVED and not _is_word_of_its_own(name):
        raise near(name.this)


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
