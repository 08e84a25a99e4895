"""Expressions: from T-SQL's tree to SQLite's words, with the type of everything on the way.

The types decide what an operator means (a sum of money is no sum of floats), which side of a comparison is converted,
and what the client gets. A node that is not known here is refused: no answer is better than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlglot import exp

from emulated.catalogue import Database, Table, quoted
from emulated.conversion import cast_sql
from emulated.errors import NotModelledError, SqlError, near, no_function
from emulated.scope import Output, Scope, Typed
from emulated.sqltypes import (
    BIGINT,
    BIT,
    DATETIME,
    FLOAT,
    INT,
    NULL,
    NUMERIC,
    NVARCHAR,
    ROWVERSION,
    TEXT,
    WHOLE,
    SqlType,
    arithmetic,
    common,
    parse_type,
)  # fmt: skip

__all__ = ["COMPARISONS", "SYSTEM_VARIABLES", "Expressions"]

SYSTEM_VARIABLES: Final[Mapping[str, SqlType]] = {
    "ROWCOUNT": INT,
    "TRANCOUNT": INT,
    "ERROR": INT,
    "SPID": SqlType("smallint"),
    "LOCK_TIMEOUT": INT,
    "OPTIONS": INT,
    "DATEFIRST": SqlType("tinyint"),
    "MICROSOFTVERSION": INT,
    "VERSION": SqlType("nvarchar", 300),
    "SERVERNAME": SqlType("nvarchar", 128),
    "SERVICENAME": SqlType("nvarchar", 128),
    "LANGUAGE": SqlType("nvarchar", 128),
    "DBTS": ROWVERSION,
    "IDENTITY": SqlType("decimal", precision=38, scale=0),
}

COMPARISONS: Final[Mapping[type[exp.Expression], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_ARITHMETIC: Final[Mapping[type[exp.Expression], str]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_BITWISE: Final[Mapping[type[exp.Expression], str]] = {exp.BitwiseAnd: "&", exp.BitwiseOr: "|"}
_CONDITIONS: Final = (
    *COMPARISONS,
    exp.And,
    exp.Or,
    exp.Not,
    exp.Is,
    exp.In,
    exp.Between,
    exp.Like,
    exp.Escape,
    exp.Exists,
)
_RANKINGS: Final = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK"})
_AGGREGATES: Final = frozenset({"COUNT", "COUNT_BIG", "SUM", "MIN", "MAX", "AVG"})

Builtin = Callable[["Expressions", Sequence[exp.Expression], Scope], Typed]


class Expressions:
    """Compiles expressions; what compiles conditions, queries and statements builds on it.

    Args:
        collation: Of the database that the session is in.
        version: Of the server.
        variables: Parameters and variables in lower case, without their ``@`` -> type.
        builtins: Functions by name in upper case.
    """

    def __init__(
        self,
        *,
        collation: str,
        version: tuple[int, ...],
        variables: Mapping[str, SqlType],
        builtins: Mapping[str, Builtin],
    ) -> None:
        self.collation = collation
        self.version = version
        self._variables = variables
        self._builtins = builtins
        self.read: dict[tuple[str, Table], set[str]] = {}
        self.system_values: set[str] = set()

    def query(self, node: exp.Expression, parent: Scope | None) -> tuple[str, list[Output]]:
        """A query inside an expression."""
        raise NotImplementedError

    def condition(self, node: exp.Expression, scope: Scope) -> str:
        """A condition, which in T-SQL is no value."""
        raise NotImplementedError

    # --- expressions --------------------------------------------------------------------------------------------------

    def expression(self, node: exp.Expression, scope: Scope) -> Typed:
        """One expression."""
        if scope.grouped is not None and not scope.in_aggregate and self._is_grouped(node, scope):
            with _ungrouped(scope):
                return self._expression(node, scope)
        return self._expression(node, scope)

    def _expression(self, node: exp.Expression, scope: Scope) -> Typed:
        if isinstance(node, _CONDITIONS):
            raise near(str(COMPARISONS.get(type(node), node.key.upper())))
        if type(node) in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[type(node)], node, scope)
        if type(node) in _BITWISE:
            return self._bitwise(_BITWISE[type(node)], node, scope)
        known: dict[type[exp.Expression], Callable[[exp.Expression, Scope], Typed]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.National: lambda node, _: _text(node.this, "nvarchar"),
            exp.Null: lambda *_: Typed("NULL", NULL),
            exp.Parameter: self._parameter,
            exp.HexString: lambda node, _: Typed(f"X'{node.this}'", SqlType("varbinary", len(node.this) // 2 or 1)),
            exp.Paren: self._paren,
            exp.Neg: self._negative,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Convert: self._convert,
            exp.Anonymous: self._function,
            exp.Window: self._window,
            exp.Subquery: self._scalar,
            exp.Collate: self._collate,
            exp.Timestamp: self._odbc_time,
            exp.Date: self._odbc_time,
        }
        if type(node) not in known:
            raise NotModelledError(f"{node.key}: {node.sql()[:80]}")
        return known[type(node)](node, scope)

    def as_type(self, typed: Typed, target: SqlType, style: int | None = None) -> Typed:
        """The expression in another type."""
        if typed.type == target:
            return typed
        sql, type_ = cast_sql(typed.sql, typed.type, target, style)
        return Typed(sql, type_, collated=typed.collated and sql == typed.sql)

    def text(self, node: exp.Expression, scope: Scope) -> Typed:
        """An expression that a function of text asks for."""
        typed = self.expression(node, scope)
        return typed if typed.type.name in TEXT else self.as_type(typed, NVARCHAR)

    def compare(self, operator: str, left: Typed, right: Typed) -> str:
        """Two values in their common type."""
        type_ = common(left.type, right.type)
        if left.type != type_ and not (left.type.name in TEXT and type_.name in TEXT):
            left = self.as_type(left, type_)
        if right.type != type_ and not (right.type.name in TEXT and type_.name in TEXT):
            right = self.as_type(right, type_)
        if type_.name not in TEXT:
            return f"{left.sql} {operator} {right.sql}"
        return f"{left.sql} {operator} {right.sql if left.collated else self.with_collation(right)}"

    def with_collation(self, typed: Typed) -> str:
        """In SQLite's words, so that grouping, ordering and comparing follow the collation."""
        if typed.type.name not in TEXT or typed.collated:
            return typed.sql
        return f"{typed.sql} COLLATE {quoted(self.collation)}"

    def system(self, name: str, type_: SqlType) -> Typed:
        """A value that the session gives at run time."""
        self.system_values.add(name.lower())
        return Typed(f":sys__{name.lower()}", type_)

    def _column(self, node: exp.Expression, scope: Scope) -> Typed:
        name = node.name
        qualifier = tuple(
            part.name if isinstance(part, exp.Identifier) else ""
            for part in (node.args.get("catalog"), node.args.get("db"), node.args.get("table"))
            if part is not None
        )
        if not qualifier and not node.this.args.get("quoted") and name.upper() in self._builtins and name.upper() in (
            "CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER",
        ):  # fmt: skip
            return self._builtins[name.upper()](self, [], scope)
        found = scope.find(name, qualifier)
        if found is None:
            if qualifier:
                shown = ".".join((*qualifier, name))
                raise SqlError(4104, f'The multi-part identifier "{shown}" could not be bound.')
            raise SqlError(207, f"Invalid column name '{name}'.")
        source, where = found
        inner, type_ = source.columns[name.casefold()]
        if source.table is not None and isinstance(source.database, Database):
            self.read.setdefault((source.database.name, source.table), set()).add(inner)
        sql = f"{quoted(source.alias)}.{quoted(inner)}"
        if where.grouped is not None and not where.in_aggregate and sql not in where.grouped:
            raise SqlError(
                8120,
                f"Column '{source.alias}.{name}' is invalid in the select list because it is not contained in either an"
                " aggregate function or the GROUP BY clause.",
            )
        return Typed(sql, type_, collated=source.table is not None)

    def _is_grouped(self, node: exp.Expression, scope: Scope) -> bool:
        return not isinstance(node, exp.Column) and node.sql().casefold() in (scope.grouped or ())

    def _literal(self, node: exp.Expression, _: Scope) -> Typed:
        if node.is_string:
            return _text(node.this, "varchar")
        written = node.this
        if re.fullmatch(r"\d+", written):
            return Typed(written, INT if int(written) < 2**31 else _decimal_of(written))
        if "e" in written.lower():
            return Typed(repr(float(written)), FLOAT)
        type_ = _decimal_of(written)
        return Typed(str(int(written.replace(".", ""))), type_)

    def _parameter(self, node: exp.Expression, _: Scope) -> Typed:
        if isinstance(node.this, exp.Parameter):
            name = node.this.name.upper()
            if name not in SYSTEM_VARIABLES:
                raise SqlError(137, f'Must declare the scalar variable "@@{node.this.name}".', severity=15, state=2)
            return self.system(name, SYSTEM_VARIABLES[name])
        name = node.name.lower()
        if name not in self._variables:
            raise SqlError(137, f'Must declare the scalar variable "@{node.name}".', severity=15, state=2)
        return Typed(f":{name}", self._variables[name])

    def _paren(self, node: exp.Expression, scope: Scope) -> Typed:
        inner = self.expression(node.this, scope)
        return Typed(f"({inner.sql})", inner.type)

    def _negative(self, node: exp.Expression, scope: Scope) -> Typed:
        inner = self.expression(node.this, scope)
        if inner.type.name not in NUMERIC - {"bit"}:
            raise SqlError(8117, f"Operand data type {inner.type.name} is invalid for minus operator.")
        return Typed(f"(-{inner.sql})", inner.type)

    def _arithmetic(self, operator: str, node: exp.Expression, scope: Scope) -> Typed:
        left, right = self.expression(node.this, scope), self.expression(node.expression, scope)
        winner = common(left.type, right.type)
        if winner.name in TEXT and operator == "+":
            size = -1 if -1 in (left.type.size, right.type.size) else (left.type.size or 0) + (right.type.size or 0)
            type_ = SqlType(winner.name, size)
            return Typed(f"({self.as_type(left, type_).sql} || {self.as_type(right, type_).sql})", type_)
        if winner.name not in NUMERIC - {"bit"}:
            raise NotModelledError(f"{left.type.name} {operator} {right.type.name}")
        left, right = (
            self.as_type(side, winner) if side.type.name in {*TEXT, "null"} else side for side in (left, right)
        )
        if winner.name == "float":
            return self._on_floats(operator, left, right)
        if winner.name in WHOLE:
            if operator in ("/", "%"):
                function = "u8_divide" if operator == "/" else "u8_remainder"
                return Typed(f"{function}({left.sql}, {right.sql}, 0)", winner)
            return Typed(f"u8_{winner.name}({left.sql} {operator} {right.sql})", winner)
        if winner.name == "decimal":
            # A whole number that is written out counts as a decimal of its own few digits.
            left, right = (
                Typed(side.sql, _decimal_of(side.sql)) if side.type == INT and side.sql.isdigit() else side
                for side in (left, right)
            )
        return self._on_fixed(operator, left, right)

    def _on_floats(self, operator: str, left: Typed, right: Typed) -> Typed:
        one, other = self.as_type(left, FLOAT).sql, self.as_type(right, FLOAT).sql
        if operator == "%":
            raise NotModelledError("float % float")
        return Typed(f"u8_divide({one}, {other}, 0)" if operator == "/" else f"({one} {operator} {other})", FLOAT)

    def _on_fixed(self, operator: str, left: Typed, right: Typed) -> Typed:
        """Money and decimals: whole numbers of the smallest unit, moved to a common one or to that of the result."""
        type_ = arithmetic(operator, left.type, right.type)
        if operator in ("+", "-"):
            return Typed(f"({self.as_type(left, type_).sql} {operator} {self.as_type(right, type_).sql})", type_)
        if operator == "*":
            shift = type_.units - left.type.units - right.type.units
            return Typed(f"u8_multiply({left.sql}, {right.sql}, {shift})", type_)
        if operator == "/":
            shift = type_.units - left.type.units + right.type.units
            return Typed(f"u8_divide({left.sql}, {right.sql}, {shift})", type_)
        raise NotModelledError("% of money and decimals")

    def _bitwise(self, operator: str, node: exp.Expression, scope: Scope) -> Typed:
        left, right = self.expression(node.this, scope), self.expression(node.expression, scope)
        winner = common(left.type, right.type)
        if winner.name not in WHOLE:
            raise SqlError(
                402, f"The data types {left.type.name} and {right.type.name} are incompatible in the operator."
            )
        return Typed(f"({left.sql} {operator} {right.sql})", winner)

    def _case(self, node: exp.Expression, scope: Scope) -> Typed:
        subject = node.args.get("this")
        branches = []
        for branch in node.args["ifs"]:
            condition = (
                exp.EQ(this=subject.copy(), expression=branch.this.copy()) if subject is not None else branch.this
            )
            branches.append((self.condition(condition, scope), self.expression(branch.args["true"], scope)))
        default = node.args.get("default")
        otherwise = Typed("NULL", NULL) if default is None else self.expression(default, scope)
        type_ = otherwise.type
        for _, value in branches:
            type_ = common(type_, value.type)
        if type_ == NULL:
            raise SqlError(
                8133, "At least one of the result expressions in a CASE specification must be an expression."
            )
        words = "".join(f" WHEN {when} THEN {self.as_type(value, type_).sql}" for when, value in branches)
        return Typed(f"CASE{words} ELSE {self.as_type(otherwise, type_).sql} END", type_)

    def _cast(self, node: exp.Expression, scope: Scope) -> Typed:
        whole = self._in_units(node.this.unnest(), node.args["to"], scope)
        return whole or self._to_type(self.expression(node.this, scope), node.args["to"], None)

    def _in_units(self, node: exp.Expression, written: exp.Expression, scope: Scope) -> Typed | None:
        """``CAST(amount * 10000 AS bigint)`` without the product, which 64 bits might not hold."""
        factor = node.expression if isinstance(node, exp.Mul) else None
        if not isinstance(factor, exp.Literal) or parse_type(written.sql("tsql")) != BIGINT:
            return None
        amount = self.expression(node.this, scope)
        exact = amount.type.name == "decimal" and factor.name == str(10**amount.type.units)
        return Typed(amount.sql, BIGINT) if exact else None

    def _convert(self, node: exp.Expression, scope: Scope) -> Typed:
        style = node.args.get("style")
        if style is not None and not isinstance(style, exp.Literal):
            raise NotModelledError("a style of CONVERT that is no number")
        return self._to_type(
            self.expression(node.expression, scope), node.this, None if style is None else int(style.name)
        )

    def _to_type(self, typed: Typed, written: exp.Expression, style: int | None) -> Typed:
        target = parse_type(written.sql("tsql"), default_size=30)
        made = self.as_type(typed, target, style)
        # A cast is no column any more: its collation is that of the database.
        return Typed(made.sql, made.type)

    def _scalar(self, node: exp.Expression, scope: Scope) -> Typed:
        sql, outputs = self.query(node.this, scope)
        if len(outputs) != 1:
            raise SqlError(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with"
                " EXISTS.",
            )
        return Typed(f"({sql})", outputs[0].type)

    def _collate(self, node: exp.Expression, scope: Scope) -> Typed:
        inner = self.expression(node.this, scope)
        name = node.expression.name
        collation = self.collation if name.upper() in ("DATABASE_DEFAULT", "CATALOG_DEFAULT") else name
        return Typed(f"({inner.sql} COLLATE {quoted(collation)})", inner.type, collated=True)

    def _odbc_time(self, node: exp.Expression, scope: Scope) -> Typed:
        return self.as_type(self.expression(node.this, scope), DATETIME)

    # --- functions ----------------------------------------------------------------------------------------------------

    def _function(self, node: exp.Expression, scope: Scope) -> Typed:
        name = str(node.this).upper()
        if name in _AGGREGATES:
            return self._aggregate(name, node, scope)
        if name in _RANKINGS:
            raise SqlError(10753, f"The function '{node.this}' must have an OVER clause.", severity=15)
        if name not in self._builtins:
            raise no_function(str(node.this))
        return self._builtins[name](self, node.expressions, scope)

    def _aggregate(self, name: str, node: exp.Expression, scope: Scope) -> Typed:
        if len(node.expressions) != 1:
            raise SqlError(174, f"The {name.lower()} function requires 1 argument(s).", severity=15)
        (argument,) = node.expressions
        counted = name in ("COUNT", "COUNT_BIG")
        if isinstance(argument, exp.Star):
            if not counted:
                raise near("*")
            return Typed("COUNT(*)", INT if name == "COUNT" else BIGINT)
        distinct = ""
        if isinstance(argument, exp.Distinct):
            if len(argument.expressions) != 1:
                raise near(",")
            distinct, argument = "DISTINCT ", argument.expressions[0]
        with _inside_aggregate(scope):
            inner = self.expression(argument, scope)
        sql = f"{'COUNT' if counted else name}({distinct}{self.with_collation(inner)})"
        if counted:
            return Typed(sql, INT if name == "COUNT" else BIGINT)
        return self._sum_or_extreme(name, sql, inner.type)

    def _sum_or_extreme(self, name: str, sql: str, type_: SqlType) -> Typed:
        if type_ == BIT or (name in ("SUM", "AVG") and type_.name not in NUMERIC):
            raise SqlError(8117, f"Operand data type {type_.name} is invalid for {name.lower()} operator.")
        if name in ("MIN", "MAX") or type_.name in ("float", "bigint", "money"):
            if name == "AVG" and type_ != FLOAT:
                raise NotModelledError(f"AVG of {type_.name}")
            return Typed(sql, type_)
        if name == "AVG":
            raise NotModelledError(f"AVG of {type_.name}")
        if type_.name == "decimal":
            return Typed(sql, SqlType("decimal", precision=38, scale=type_.units))
        return Typed(f"u8_int({sql})", INT)

    def _window(self, node: exp.Expression, scope: Scope) -> Typed:
        function = node.this
        name = str(function.this).upper() if isinstance(function, exp.Anonymous) else ""
        order, partition = node.args.get("order"), node.args.get("partition_by") or []
        if node.args.get("spec") or (order is not None and name in _AGGREGATES and self.version < (11,)):
            if self.version < (11,):
                raise SqlError(102, "Incorrect syntax near 'order'.", severity=15)
            raise NotModelledError("a window with a frame")
        if name in _RANKINGS:
            if order is None:
                raise SqlError(4112, f"The function '{name}' must have an OVER clause with ORDER BY.", severity=15)
            typed = Typed(f"{name}()", BIGINT)
        elif name in _AGGREGATES:
            typed = self._aggregate(name, function, scope)
        else:
            raise no_function(name)
        words = []
        if partition:
            grouped = (self.with_collation(self.expression(part, scope)) for part in partition)
            words.append(f"PARTITION BY {', '.join(grouped)}")
        if order is not None:
            words.append(f"ORDER BY {', '.join(self.ordered(item, scope) for item in order.expressions)}")
        if typed.sql.startswith("u8_"):
            raise NotModelledError("SUM of whole numbers over a window")
        return Typed(f"{typed.sql} OVER ({' '.join(words)})", typed.type)

    def ordered(self, item: exp.Expression, scope: Scope) -> str:
        """One entry of ORDER BY."""
        return f"{self.with_collation(self.expression(item.this, scope))}{' DESC' if item.args.get('desc') else ''}"


def _text(value: str, type_name: str) -> Typed:
    escaped = value.replace("'", "''")
    return Typed(f"'{escaped}'", SqlType(type_name, max(len(value), 1)))


def _decimal_of(written: str) -> SqlType:
    whole, _, fraction = written.partition(".")
    digits = len(whole.lstrip("0")) + len(fraction)
    return SqlType("decimal", precision=max(digits, 1), scale=len(fraction))


@contextmanager
def _inside_aggregate(scope: Scope) -> Iterator[None]:
    before, scope.in_aggregate = scope.in_aggregate, True
    try:
        yield
    finally:
        scope.in_aggregate = before


@contextmanager
def _ungrouped(scope: Scope) -> Iterator[None]:
    before, scope.grouped = scope.grouped, None
    try:
        yield
    finally:
        scope.grouped = before
