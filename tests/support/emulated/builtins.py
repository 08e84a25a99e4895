"""T-SQL's functions, each in SQLite's words; what only the session knows it is asked at run time by ``u8_ask``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from emulated.errors import NotModelledError, SqlError
from emulated.expressions import Builtin, Expressions
from emulated.scope import Scope, Typed
from emulated.sqltypes import DATETIME, INT, NULL, NUMERIC, NVARCHAR, ROWVERSION, TEXT, SqlType, common

__all__ = ["BUILTINS", "CLOCKS"]

CLOCKS: Final[Mapping[str, SqlType]] = {
    "GETDATE": DATETIME,
    "CURRENT_TIMESTAMP": DATETIME,
    "GETUTCDATE": DATETIME,
    "SYSDATETIME": SqlType("datetime2"),
    "SYSUTCDATETIME": SqlType("datetime2"),
}

_NAME: Final = SqlType("nvarchar", 128)
_Arguments = Sequence[exp.Expression]

_ASKED: Final[Mapping[str, SqlType]] = {
    **dict.fromkeys(
        ("APPLOCK_TEST", "HAS_DBACCESS", "HAS_PERMS_BY_NAME", "IS_MEMBER", "IS_ROLEMEMBER", "IS_SRVROLEMEMBER",
         "OBJECT_ID", "SCHEMA_ID", "COL_LENGTH", "COLUMNPROPERTY", "OBJECTPROPERTY", "USER_ID",
         "DATABASE_PRINCIPAL_ID"),
        INT,
    ),
    "DB_ID": SqlType("smallint"),
    **dict.fromkeys(
        ("APPLOCK_MODE", "APP_NAME", "CONNECTIONPROPERTY", "CURRENT_USER", "DATABASEPROPERTYEX", "DB_NAME", "HOST_NAME",
         "OBJECT_NAME", "OBJECT_SCHEMA_NAME", "ORIGINAL_LOGIN", "SCHEMA_NAME", "SERVERPROPERTY", "SESSION_USER",
         "SUSER_NAME", "SUSER_SNAME", "SYSTEM_USER", "USER", "USER_NAME", "TYPE_NAME", "COL_NAME"),
        _NAME,
    ),
    "QUOTENAME": SqlType("nvarchar", 258),
    "SCOPE_IDENTITY": SqlType("decimal", precision=38, scale=0),
    "MIN_ACTIVE_ROWVERSION": ROWVERSION,
}  # fmt: skip
"""Functions that the session answers. Those that are of type sql_variant come as text."""


def _ask(name: str, type_: SqlType) -> Builtin:
    def made(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
        parts = [f"'{name}'", *(compiler.expression(argument, scope).sql for argument in arguments)]
        return Typed(f"u8_ask({', '.join(parts)})", type_)

    return made


def _clock(name: str, type_: SqlType) -> Builtin:
    return lambda compiler, _arguments, _scope: compiler.system(name, type_)


def _count(name: str, arguments: _Arguments, *allowed: int) -> None:
    if len(arguments) not in allowed:
        raise SqlError(174, f"The {name} function requires {allowed[0]} argument(s).", severity=15)


def _isnull(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("isnull", arguments, 2)
    first, second = (compiler.expression(argument, scope) for argument in arguments)
    type_ = second.type if first.type == NULL else first.type
    return Typed(f"coalesce({first.sql}, {compiler.as_type(second, type_).sql})", type_)


def _coalesce(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    parts = [compiler.expression(argument, scope) for argument in arguments]
    type_ = NULL
    for part in parts:
        type_ = common(type_, part.type)
    return Typed(f"coalesce({', '.join(compiler.as_type(part, type_).sql for part in parts)})", type_)


def _nullif(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("nullif", arguments, 2)
    first, second = (compiler.expression(argument, scope) for argument in arguments)
    return Typed(f"CASE WHEN {compiler.compare('=', first, second)} THEN NULL ELSE {first.sql} END", first.type)


def _on_text(function: str, *, type_: SqlType | None = None) -> Builtin:
    """A function of one text that SQLite, or one of ours, has under another name."""

    def made(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
        _count(function, arguments, 1)
        inner = compiler.text(arguments[0], scope)
        return Typed(f"{function}({inner.sql})", type_ or inner.type)

    return made


def _datalength(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("datalength", arguments, 1)
    inner = compiler.expression(arguments[0], scope)
    if inner.type.name != "nvarchar":
        raise NotModelledError(f"DATALENGTH of {inner.type.name}")
    return Typed(f"u8_units({inner.sql}) * 2", INT)


def _part(sql: str) -> Builtin:
    """A piece of a text by whole numbers; ``sql`` with {0} for the text and {1}, {2} for the numbers."""

    def made(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
        inner = compiler.text(arguments[0], scope)
        numbers = (compiler.as_type(compiler.expression(number, scope), INT).sql for number in arguments[1:])
        return Typed(sql.format(inner.sql, *numbers), inner.type)

    return made


def _replace(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("replace", arguments, 3)
    parts = [compiler.text(argument, scope).sql for argument in arguments]
    return Typed(f"replace({', '.join(parts)})", NVARCHAR)


def _charindex(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("charindex", arguments, 2)
    wanted, text = (compiler.text(argument, scope).sql for argument in arguments)
    return Typed(f"u8_find({wanted}, {text})", INT)


def _absolute(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("abs", arguments, 1)
    inner = compiler.expression(arguments[0], scope)
    if inner.type.name not in NUMERIC:
        raise NotModelledError(f"ABS of {inner.type.name}")
    return Typed(f"abs({inner.sql})", inner.type)


def _round(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("round", arguments, 2)
    inner = compiler.expression(arguments[0], scope)
    if inner.type.name not in ("money", "decimal"):
        raise NotModelledError(f"ROUND of {inner.type.name}")
    places = compiler.as_type(compiler.expression(arguments[1], scope), INT)
    return Typed(f"u8_round({inner.sql}, {inner.type.units}, {places.sql})", inner.type)


_PARTS: Final = {
    **dict.fromkeys(("year", "yy", "yyyy"), "year"),
    **dict.fromkeys(("month", "mm", "m"), "month"),
    **dict.fromkeys(("day", "dd", "d"), "day"),
    **dict.fromkeys(("hour", "hh"), "hour"),
    **dict.fromkeys(("minute", "mi", "n"), "minute"),
    **dict.fromkeys(("second", "ss", "s"), "second"),
    **dict.fromkeys(("millisecond", "ms"), "millisecond"),
}


def _date_part(argument: exp.Expression) -> str:
    name = argument.name.lower()
    if not isinstance(argument, exp.Column) or name not in _PARTS:
        raise SqlError(155, f"'{argument.name}' is not a recognized datepart option.", severity=15)
    return _PARTS[name]


def _moment(compiler: Expressions, argument: exp.Expression, scope: Scope) -> Typed:
    inner = compiler.expression(argument, scope)
    return compiler.as_type(inner, DATETIME) if inner.type.name in TEXT else inner


def _datepart(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("datepart", arguments, 2)
    moment = _moment(compiler, arguments[1], scope)
    return Typed(f"u8_datepart('{_date_part(arguments[0])}', {moment.sql})", INT)


def _of_date(part: str) -> Builtin:
    def made(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
        _count(part, arguments, 1)
        return Typed(f"u8_datepart('{part}', {_moment(compiler, arguments[0], scope).sql})", INT)

    return made


def _dateadd(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("dateadd", arguments, 3)
    number = compiler.as_type(compiler.expression(arguments[1], scope), INT)
    moment = _moment(compiler, arguments[2], scope)
    return Typed(
        f"u8_dateadd('{_date_part(arguments[0])}', {number.sql}, {moment.sql}, '{moment.type.name}')", moment.type
    )


def _datediff(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("datediff", arguments, 3)
    first, second = (_moment(compiler, argument, scope).sql for argument in arguments[1:])
    return Typed(f"u8_datediff('{_date_part(arguments[0])}', {first}, {second})", INT)


def _concat(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    parts = (f"coalesce({compiler.text(argument, scope).sql}, '')" for argument in arguments)
    return Typed(f"({' || '.join(parts)})", NVARCHAR)


def _iif(compiler: Expressions, arguments: _Arguments, scope: Scope) -> Typed:
    _count("iif", arguments, 3)
    condition, yes, no = arguments
    case = exp.Case(ifs=[exp.If(this=condition.copy(), true=yes.copy())], default=no.copy())
    return compiler.expression(case, scope)


BUILTINS: Final[Mapping[str, Builtin]] = MappingProxyType(
    {
        **{name: _ask(name, type_) for name, type_ in _ASKED.items()},
        **{name: _clock(name, type_) for name, type_ in CLOCKS.items()},
        "ISNULL": _isnull,
        "COALESCE": _coalesce,
        "NULLIF": _nullif,
        "LEN": _on_text("u8_len", type_=INT),
        "DATALENGTH": _datalength,
        "RTRIM": _on_text("rtrim"),
        "LTRIM": _on_text("ltrim"),
        "TRIM": _on_text("trim"),
        "UPPER": _on_text("u8_upper"),
        "LOWER": _on_text("u8_lower"),
        "UNICODE": _on_text("unicode", type_=INT),
        "LEFT": _part("substr({0}, 1, {1})"),
        "RIGHT": _part("substr({0}, -({1}), {1})"),
        "SUBSTRING": _part("substr({0}, {1}, {2})"),
        "REPLACE": _replace,
        "CHARINDEX": _charindex,
        "ABS": _absolute,
        "ROUND": _round,
        "DATEPART": _datepart,
        "YEAR": _of_date("year"),
        "MONTH": _of_date("month"),
        "DAY": _of_date("day"),
        "DATEADD": _dateadd,
        "DATEDIFF": _datediff,
        "CONCAT": _concat,
        "IIF": _iif,
    }
)
