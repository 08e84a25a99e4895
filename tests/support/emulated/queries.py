"""SELECT: sources, joins, grouping, sets of rows, and what each needs of rights and locks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from sqlglot import exp

from emulated.catalogue import Database, quoted
from emulated.conditions import Conditions
from emulated.errors import NotModelledError, SqlError, near, no_object
from emulated.expressions import Builtin
from emulated.scope import Output, Scope, Source, Typed
from emulated.sqltypes import INT, NULL, SqlType, common
from emulated.views import VIEWS, view_name

__all__ = ["Queries", "World"]

_HINTS: Final = {
    **dict.fromkeys(("UPDLOCK", "XLOCK", "TABLOCKX"), "update"),
    **dict.fromkeys(("READCOMMITTEDLOCK", "REPEATABLEREAD", "HOLDLOCK", "SERIALIZABLE"), "shared"),
    **dict.fromkeys(("NOLOCK", "READUNCOMMITTED"), "none"),
    **dict.fromkeys(("ROWLOCK", "PAGLOCK", "TABLOCK", "READCOMMITTED", "NOEXPAND", "FORCESEEK"), ""),
}

_SELECT_PARTS: Final = frozenset(
    {"expressions", "distinct", "limit", "from_", "joins", "where", "group", "having", "order", "with_", "options"}
)


class World(Protocol):
    """What the compiler asks about databases."""

    def database(self, name: str) -> Database | None:
        """The database of this name, whatever its case."""


class Queries(Conditions):
    """Compiles SELECT.

    Args:
        world: The databases.
        database: The one the session is in.
        version: Of the server.
        variables: As for expressions.
        builtins: As for expressions.
    """

    def __init__(
        self,
        world: World,
        database: Database,
        *,
        version: tuple[int, ...],
        variables: Mapping[str, SqlType],
        builtins: Mapping[str, Builtin],
    ) -> None:
        super().__init__(collation=database.collation, version=version, variables=variables, builtins=builtins)
        self.world = world
        self.database = database
        self.views: set[tuple[str, str]] = set()
        self.databases: set[str] = set()
        self.update_locks: set[str] = set()
        self.shared_locks: set[str] = set()
        self.no_wait = False
        self._common: list[dict[str, Source]] = []

    # --- queries ------------------------------------------------------------------------------------------------------

    def query(self, node: exp.Expression, parent: Scope | None) -> tuple[str, list[Output]]:
        """A query inside another statement."""
        if node.args.get("order") is not None and not isinstance(node, exp.Subquery) and node.args.get("limit") is None:
            raise SqlError(
                1033,
                "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common"
                " table expressions, unless TOP, OFFSET or FOR XML is also specified.",
                severity=15,
            )
        return self.rows(node, parent)

    def rows(
        self, node: exp.Expression, parent: Scope | None, targets: Sequence[SqlType] | None = None
    ) -> tuple[str, list[Output]]:
        """SELECT, or several joined by UNION and its kin; ``targets`` are types that the columns must come in."""
        with_ = node.args.get("with_")
        if with_ is not None:
            return self._with(node, with_, parent, targets)
        if isinstance(node, exp.Subquery) and not node.args.get("alias"):
            return self.rows(node.this, parent, targets)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, targets)
        if not isinstance(node, exp.Select):
            raise NotModelledError(f"{node.key} as a query")
        return self._select(node, parent, targets)

    def _with(
        self, node: exp.Expression, with_: exp.Expression, parent: Scope | None, targets: Sequence[SqlType] | None
    ) -> tuple[str, list[Output]]:
        if with_.args.get("recursive"):
            raise near("RECURSIVE")
        known: dict[str, Source] = {}
        self._common.append(known)
        words = []
        for entry in with_.expressions:
            sql, outputs = self.query(entry.this, None)
            alias = entry.args["alias"]
            given = [column.name for column in alias.args.get("columns") or []]
            outputs = _renamed(outputs, given, alias.name)
            known[alias.name.casefold()] = _source_of(alias.name, outputs)
            words.append(f"{quoted(alias.name)} ({_names(outputs)}) AS ({sql})")
        bare = node.copy()
        bare.set("with_", None)
        sql, outputs = self.rows(bare, parent, targets)
        self._common.pop()
        return f"WITH {', '.join(words)} {sql}", outputs

    def _set_operation(
        self, node: exp.SetOperation, parent: Scope | None, targets: Sequence[SqlType] | None
    ) -> tuple[str, list[Output]]:
        word = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}[type(node)]
        if word == "UNION" and not node.args.get("distinct"):
            word = "UNION ALL"
        if targets is None:
            left, right = self.rows(node.this, parent)[1], self.rows(node.expression, parent)[1]
            if len(left) != len(right):
                raise SqlError(
                    205,
                    "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of"
                    " expressions in their target lists.",
                )
            targets = [common(one.type, other.type) for one, other in zip(left, right, strict=True)]
        first, outputs = self.rows(node.this, parent, targets)
        second, _ = self.rows(node.expression, parent, targets)
        order = node.args.get("order")
        words = ""
        if order is not None:
            scope = Scope([_source_of("", outputs)])
            words = (
                f" ORDER BY {', '.join(self._ordered_by_output(item, outputs, scope) for item in order.expressions)}"
            )
        return f"{_wrapped(node.this, first)} {word} {_wrapped(node.expression, second)}{words}", outputs

    def _select(
        self, node: exp.Select, parent: Scope | None, targets: Sequence[SqlType] | None
    ) -> tuple[str, list[Output]]:
        for part, value in node.args.items():
            if value and part not in _SELECT_PARTS:
                raise NotModelledError(f"{part} in SELECT")
        if not node.expressions:
            raise near("FROM")
        scope = Scope(parent=parent)
        from_sql = self._from(node.args.get("from_"), node.args.get("joins") or [], scope)
        where = node.args.get("where")
        where_sql = "" if where is None else f" WHERE {self.condition(where.this, scope)}"
        group_sql = self._group(node, scope)
        items = self._items(node, scope, targets)
        having = node.args.get("having")
        having_sql = "" if having is None else f" HAVING {self.condition(having.this, scope)}"
        outputs = [Output(name, typed.type) for name, typed in items]
        order_sql = self._order(node, items, scope)
        distinct = "DISTINCT " if node.args.get("distinct") else ""
        if node.args.get("distinct") and node.args["distinct"].args.get("on"):
            raise near("ON")
        selected = ", ".join(
            self.with_collation(typed) + (f" AS {quoted(name)}" if name else "") for name, typed in items
        )
        sql = f"SELECT {distinct}{selected}{from_sql}{where_sql}{group_sql}{having_sql}{order_sql}"
        return sql + self._top(node, scope), outputs

    def _group(self, node: exp.Select, scope: Scope) -> str:
        group = node.args.get("group")
        if group is not None:
            if any(value for part, value in group.args.items() if part != "expressions"):
                raise NotModelledError("GROUP BY with ROLLUP and its kin")
            if any(isinstance(item, exp.Literal | exp.Parameter | exp.National) for item in group.expressions):
                raise SqlError(
                    164, "Each GROUP BY expression must contain at least one column that is not an outer reference.",
                    severity=15,
                )  # fmt: skip
            typed = [self.expression(item, scope) for item in group.expressions]
            scope.grouped = frozenset(
                {part.sql for part in typed} | {item.sql().casefold() for item in group.expressions}
            )
            return f" GROUP BY {', '.join(self.with_collation(part) for part in typed)}"
        if node.args.get("having") or any(_is_aggregate(item) for item in node.expressions):
            scope.grouped = frozenset()
        return ""

    def _items(self, node: exp.Select, scope: Scope, targets: Sequence[SqlType] | None) -> list[tuple[str, Typed]]:
        items: list[tuple[str, Typed]] = []
        for item in node.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                items += self._star(item, scope)
            elif isinstance(item, exp.Alias):
                items.append((item.alias, self.expression(item.this, scope)))
            else:
                items.append((item.name if isinstance(item, exp.Column) else "", self.expression(item, scope)))
        if targets is None:
            return items
        if len(targets) != len(items):
            raise SqlError(121, "The select list and the list of columns are of different length.", severity=15)
        return [(name, self.as_type(typed, type_)) for (name, typed), type_ in zip(items, targets, strict=True)]

    def _star(self, item: exp.Expression, scope: Scope) -> Iterable[tuple[str, Typed]]:
        qualifier = item.args.get("table")
        found = [
            source for source in scope.sources if not qualifier or source.alias.casefold() == qualifier.name.casefold()
        ]
        if not found:
            raise SqlError(107 if qualifier else 263, "Must specify table to select from.")
        for source in found:
            for name in source.names:
                column = exp.column(exp.to_identifier(name, quoted=True), exp.to_identifier(source.alias, quoted=True))
                yield name, self.expression(column, scope)

    def _order(self, node: exp.Select, items: list[tuple[str, Typed]], scope: Scope) -> str:
        order = node.args.get("order")
        if order is None:
            return ""
        outputs = [Output(name, typed.type) for name, typed in items]
        words = [self._ordered_by_output(item, outputs, scope) for item in order.expressions]
        if node.args.get("distinct"):
            selected = {self.with_collation(typed) for _, typed in items}
            if any(not word[0].isdigit() and word.removesuffix(" DESC") not in selected for word in words):
                raise SqlError(
                    145, "ORDER BY items must appear in the select list if SELECT DISTINCT is specified.", severity=15
                )
        return f" ORDER BY {', '.join(words)}"

    def _ordered_by_output(self, item: exp.Expression, outputs: list[Output], scope: Scope) -> str:
        """By a column of the result, named or numbered, or by an expression."""
        what, last = item.this, " DESC" if item.args.get("desc") else ""
        if isinstance(what, exp.Literal) and not what.is_string:
            if not 1 <= int(what.name) <= len(outputs):
                raise SqlError(108, f"The ORDER BY position number {what.name} is out of range.", severity=15)
            return f"{what.name}{last}"
        if isinstance(what, exp.Parameter):
            raise SqlError(1008, "The SELECT item identified by the ORDER BY number contains a variable.", severity=15)
        if isinstance(what, exp.Column) and not what.args.get("table"):
            for number, output in enumerate(outputs, start=1):
                if output.name.casefold() == what.name.casefold():
                    return f"{number}{last}"
        return self.ordered(item, scope)

    def _top(self, node: exp.Select, scope: Scope) -> str:
        limit = node.args.get("limit")
        if limit is None:
            return ""
        options = limit.args.get("limit_options")
        if not isinstance(limit, exp.Limit) or (
            options is not None and (options.args.get("percent") or options.args.get("with_ties"))
        ):
            raise NotModelledError("TOP with PERCENT or TIES, and OFFSET")
        return f" LIMIT {self.as_type(self.expression(limit.expression, scope), SqlType('bigint')).sql}"

    # --- sources ------------------------------------------------------------------------------------------------------

    def _from(self, from_: exp.Expression | None, joins: Sequence[exp.Expression], scope: Scope) -> str:
        if from_ is None:
            return ""
        first = from_.this
        pieces = [self.source(first, scope)]
        conditions: list[exp.Expression | None] = [None]
        for join in (*(first.args.get("joins") or []), *joins):
            pieces.append(f" {_join_word(join)} {self.source(join.this, scope)}")
            conditions.append(join.args.get("on"))
        words = (
            piece + ("" if on is None else f" ON {self.condition(on, scope)}")
            for piece, on in zip(pieces, conditions, strict=True)
        )
        return f" FROM {''.join(words)}"

    def source(self, node: exp.Expression, scope: Scope) -> str:
        """One entry behind FROM, entered into the scope; in SQLite's words."""
        if isinstance(node, exp.Subquery):
            return self._derived(node, scope)
        if isinstance(node, exp.Values):
            return self._values(node, scope)
        if not isinstance(node, exp.Table):
            raise NotModelledError(f"{node.key} behind FROM")
        if isinstance(node.this, exp.Anonymous):
            return self._rowset(node, scope)
        source = self.named(node)
        scope.add(source)
        self._hints(node, source)
        return f"{source.sql_name} AS {quoted(source.alias)}"

    def named(self, node: exp.Expression) -> Source:
        """The table, view or common query that a name means. Raises SqlError 208."""
        name, schema, catalog = node.name, node.text("db"), node.text("catalog")
        shown = ".".join(part for part in (catalog, schema, name) if part)
        alias = node.alias or name
        if not schema and not catalog:
            for known in reversed(self._common):
                if name.casefold() in known:
                    return _aliased(known[name.casefold()], alias)
        database = self.world.database(catalog) if catalog else self.database
        if database is None:
            raise no_object(shown)
        view = view_name(schema, name)
        if view is not None:
            return self._view(database, view, alias, aliased=bool(node.alias))
        table = database.table(name, schema or "dbo")
        if table is None:
            raise no_object(shown)
        self.databases.add(database.name)
        self.read.setdefault((database.name, table), set())
        return Source(
            alias=alias,
            sql_name=f"{quoted(database.name)}.{quoted(table.stored_name)}",
            columns={column.name.casefold(): (column.name, column.type) for column in table.columns},
            names=tuple(column.name for column in table.columns),
            database=database,
            table=table,
            schema=table.schema,
            aliased=bool(node.alias),
        )

    def _view(self, database: Database, view: str, alias: str, *, aliased: bool) -> Source:
        columns = VIEWS[view].columns
        self.views.add((database.name, view))
        self.databases.add(database.name)
        return Source(
            alias=alias,
            sql_name=f"temp.{quoted(f'{view}@{database.name}')}",
            columns={name.casefold(): (name, type_) for name, type_ in columns},
            names=tuple(name for name, _ in columns),
            database=database,
            schema=view.split(".", maxsplit=1)[0],
            aliased=aliased,
        )

    def _hints(self, node: exp.Expression, source: Source) -> None:
        if source.table is None or source.database is None:
            return
        kinds = set()
        for hint in (hint for group in node.args.get("hints") or [] for hint in group.expressions):
            word = hint.name.upper()
            if word == "NOWAIT":
                self.no_wait = True
            elif word in _HINTS:
                kinds.add(_HINTS[word])
            else:
                raise SqlError(321, f'"{hint.name}" is not a recognized table hints option.', severity=15)
        if "update" in kinds:
            self.update_locks.add(source.database.name)
        elif "shared" in kinds or not (source.database.snapshot_reads or "none" in kinds):
            self.shared_locks.add(source.database.name)

    def _derived(self, node: exp.Subquery, scope: Scope) -> str:
        alias = node.args.get("alias")
        if alias is None or not alias.name:
            raise near(")")
        sql, outputs = self.query(node.this, None)
        outputs = _renamed(outputs, [column.name for column in alias.args.get("columns") or []], alias.name)
        scope.add(_source_of(alias.name, outputs))
        return f"({_with_names(sql, outputs)}) AS {quoted(alias.name)}"

    def _values(self, node: exp.Values, scope: Scope) -> str:
        """(VALUES ...) AS v (a, b): each column in the type that all its rows have in common."""
        alias = node.args.get("alias")
        if alias is None or not alias.args.get("columns"):
            raise near("VALUES")
        if len(node.expressions) > 1000:
            raise SqlError(10738, "The number of row value expressions exceeds the maximum of 1000.", severity=15)
        rows = [[self.expression(value, scope) for value in row.expressions] for row in node.expressions]
        names = [column.name for column in alias.args["columns"]]
        if any(len(row) != len(names) for row in rows):
            raise SqlError(8158 if len(rows[0]) > len(names) else 8159, f"'{alias.name}' has other columns than given.")
        types = []
        for column in zip(*rows, strict=True):
            type_ = NULL
            for value in column:
                type_ = common(type_, value.type)
            types.append(type_)
        words = ", ".join(
            f"({', '.join(self.as_type(value, type_).sql for value, type_ in zip(row, types, strict=True))})"
            for row in rows
        )
        outputs = [Output(name, type_) for name, type_ in zip(names, types, strict=True)]
        scope.add(_source_of(alias.name, outputs))
        picked = ", ".join(f"column{at} AS {quoted(name)}" for at, name in enumerate(names, start=1))
        return f"(SELECT {picked} FROM (VALUES {words})) AS {quoted(alias.name)}"

    def _rowset(self, node: exp.Table, scope: Scope) -> str:
        name = str(node.this.this).lower()
        if name != "fn_listextendedproperty":
            raise no_object(name)
        text = SqlType("nvarchar", 128)
        outputs = [Output(column, text) for column in ("objtype", "objname", "name", "value")]
        alias = node.alias or name
        scope.add(_source_of(alias, outputs))
        nothing = ", ".join(f"NULL AS {quoted(output.name)}" for output in outputs)
        return f"(SELECT {nothing} WHERE 0) AS {quoted(alias)}"


def _join_word(join: exp.Expression) -> str:
    side, kind = (join.args.get("side") or "").upper(), (join.args.get("kind") or "").upper()
    if join.args.get("using") or join.args.get("method") in ("NATURAL", "ASOF"):
        raise near("USING")
    if kind not in ("", "INNER", "OUTER", "CROSS") or isinstance(join.this, exp.Lateral):
        raise NotModelledError(f"{kind} JOIN")
    if join.args.get("on") is None:
        if side or kind == "INNER":
            raise near("JOIN")
        return "CROSS JOIN" if kind == "CROSS" else ","
    return f"{side} JOIN".strip()


def _is_aggregate(item: exp.Expression) -> bool:
    """Whether an aggregate of this very query stands in an item of the select list, windows and subqueries aside."""
    if isinstance(item, (exp.Window, exp.Subquery, exp.Select)):
        return False
    if isinstance(item, exp.Anonymous) and str(item.this).upper() in (
        "COUNT", "COUNT_BIG", "SUM", "MIN", "MAX", "AVG",
    ):  # fmt: skip
        return True
    return any(_is_aggregate(child) for child in item.iter_expressions())


def _source_of(alias: str, outputs: Sequence[Output]) -> Source:
    return Source(
        alias=alias,
        sql_name=quoted(alias),
        columns={output.name.casefold(): (output.name, output.type) for output in outputs},
        names=tuple(output.name for output in outputs),
        aliased=True,
    )


def _aliased(source: Source, alias: str) -> Source:
    return Source(alias, source.sql_name, source.columns, source.names, aliased=True)


def _renamed(outputs: Sequence[Output], given: Sequence[str], alias: str) -> list[Output]:
    """The outputs under the names given, or their own. Raises SqlError 8155 for one without a name."""
    if given and len(given) != len(outputs):
        raise SqlError(8158, f"'{alias}' has more columns than were specified in the column list.")
    names = given or [output.name for output in outputs]
    for at, name in enumerate(names, start=1):
        if not name:
            raise SqlError(8155, f"No column name was specified for column {at} of '{alias}'.")
    if len({name.casefold() for name in names}) < len(names):
        raise SqlError(8156, f"A column was specified multiple times for '{alias}'.")
    return [
        Output(name, INT if output.type == NULL else output.type) for name, output in zip(names, outputs, strict=True)
    ]


def _names(outputs: Sequence[Output]) -> str:
    return ", ".join(quoted(output.name) for output in outputs)


def _with_names(sql: str, outputs: Sequence[Output]) -> str:
    return f"WITH q ({_names(outputs)}) AS ({sql}) SELECT * FROM q"


def _wrapped(node: exp.Expression, sql: str) -> str:
    """A part of a UNION that has an end of its own must be a query behind FROM."""
    inner = node.this if isinstance(node, exp.Subquery) else node
    return f"SELECT * FROM ({sql})" if inner.args.get("limit") is not None or isinstance(node, exp.Subquery) else sql
