"""Statements compiled as a whole: what SQLite runs, what the client gets, what rights and locks it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from emulated.builtins import BUILTINS
from emulated.catalogue import Column, Database, Table, quoted
from emulated.errors import NotModelledError, SqlError, near, no_object
from emulated.grammar import parse_condition, parse_expression, parse_query
from emulated.queries import Queries, World
from emulated.scope import Need, Output, Scope, Source, Typed
from emulated.sqltypes import NULL, TEXT, SqlType

__all__ = ["Compiled", "compile_condition", "compile_expression", "compile_query"]


@dataclass(frozen=True)
class Compiled:
    """A statement ready to run.

    Attributes:
        kind: ``SELECT``, ``INSERT``, ``UPDATE`` or ``DELETE``.
        sql: In SQLite's words; its parameters are ``:name`` and ``:sys__name``.
        outputs: The columns of the result; empty when there is none.
        target: What is written to.
        needs: The permissions that it takes.
        databases: The databases that it names.
        views: The system views that it reads: database, name.
        update_locks: Databases that it locks for writing, though it only reads.
        shared_locks: Databases whose writers it waits for.
        no_wait: Whether it waits for no lock at all.
        system: The names of the session's values that it reads.
        assigned: The variables that a SELECT fills, in order.
        generates_key: Whether an INSERT leaves the key to the server.
    """

    kind: str
    sql: str
    outputs: tuple[Output, ...]
    target: tuple[Database, Table] | None
    needs: tuple[Need, ...]
    databases: frozenset[str]
    views: frozenset[tuple[str, str]]
    update_locks: frozenset[str]
    shared_locks: frozenset[str]
    no_wait: bool
    system: frozenset[str] = frozenset()
    assigned: tuple[str, ...] = ()
    generates_key: bool = False

    def written_to(self) -> tuple[Database, Table]:
        """What is written to. Raises LookupError for a SELECT."""
        if self.target is None:
            raise LookupError(self.sql)
        return self.target


def compile_query(
    text: str, world: World, database: Database, version: tuple[int, ...], variables: Mapping[str, SqlType]
) -> Compiled:
    """SELECT, INSERT, UPDATE or DELETE. Raises SqlError."""
    return _Statement(world, database, version=version, variables=variables, builtins=BUILTINS).compile(
        parse_query(text)
    )


def compile_expression(
    text: str, world: World, database: Database, version: tuple[int, ...], variables: Mapping[str, SqlType]
) -> Compiled:
    """An expression by itself: a query of one row and one column."""
    tree = exp.select(parse_expression(text))
    return _Statement(world, database, version=version, variables=variables, builtins=BUILTINS).compile(tree)


def compile_condition(
    text: str, world: World, database: Database, version: tuple[int, ...], variables: Mapping[str, SqlType]
) -> Compiled:
    """A condition by itself: a query of one row and one column, 1 or 0."""
    case = exp.Case(ifs=[exp.If(this=parse_condition(text), true=exp.Literal.number(1))], default=exp.Literal.number(0))
    return _Statement(world, database, version=version, variables=variables, builtins=BUILTINS).compile(
        exp.select(case)
    )


class _Statement(Queries):
    """Compiles one statement."""

    def compile(self, tree: exp.Expression) -> Compiled:
        if isinstance(tree, exp.Insert):
            return self._insert(tree)
        if isinstance(tree, exp.Update):
            return self._update(tree)
        if isinstance(tree, exp.Delete):
            return self._delete(tree)
        assigned = self._assigned(tree)
        sql, outputs = self.rows(tree, None)
        return self._compiled("SELECT", sql, outputs, assigned=assigned)

    def _compiled(
        self,
        kind: str,
        sql: str,
        outputs: Sequence[Output] = (),
        *,
        target: tuple[Database, Table] | None = None,
        written: frozenset[str] = frozenset(),
        assigned: tuple[str, ...] = (),
        generates_key: bool = False,
    ) -> Compiled:
        needs = [
            Need("SELECT", database, table, frozenset(columns))
            for (database, table), columns in self.read.items()
            # Writing without looking needs no right to read.
            if columns or target is None or (database, table) != (target[0].name, target[1])
        ]
        if target is not None:
            needs.append(Need(kind, target[0].name, target[1], written if kind == "UPDATE" else frozenset()))
        return Compiled(
            kind=kind,
            sql=sql,
            outputs=tuple(outputs),
            target=target,
            needs=tuple(needs),
            databases=frozenset(self.databases),
            views=frozenset(self.views),
            update_locks=frozenset(self.update_locks),
            shared_locks=frozenset(self.shared_locks),
            no_wait=self.no_wait,
            system=frozenset(self.system_values),
            assigned=assigned,
            generates_key=generates_key,
        )

    def _assigned(self, tree: exp.Expression) -> tuple[str, ...]:
        """The variables of ``SELECT @a = x, @b = y``, taken out of the select list."""
        if not isinstance(tree, exp.Select):
            return ()
        items = tree.expressions
        filling = [isinstance(item, exp.EQ) and isinstance(item.this, exp.Parameter) for item in items]
        if not any(filling):
            return ()
        if not all(filling):
            raise SqlError(
                141,
                "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval"
                " operations.",
                severity=15,
            )
        tree.set("expressions", [item.expression for item in items])
        return tuple(item.this.name.lower() for item in items)

    # --- INSERT -------------------------------------------------------------------------------------------------------

    def _insert(self, tree: exp.Insert) -> Compiled:
        for part, value in tree.args.items():
            if value and part not in ("this", "expression", "returning", "default"):
                raise NotModelledError(f"{part} in INSERT")
        schema = tree.this
        source = self._target(schema.this if isinstance(schema, exp.Schema) else schema)
        database, table = _table_of(source)
        columns = self._insert_columns(schema, table)
        names = ", ".join(quoted(column.name) for column in columns)
        rows = tree.expression
        if tree.args.get("default"):
            words = "DEFAULT VALUES"
            columns = []
        elif isinstance(rows, exp.Values):
            words = f"({names}) {self._value_rows(rows, columns, table)}"
        else:
            words = f"({names}) {self._selected_rows(rows, columns, table)}"
        self._check_given(table, columns)
        outputs, returning = self._output(tree, source, table)
        return self._compiled(
            "INSERT",
            f"INSERT INTO {source.sql_name} {words}{returning}",
            outputs,
            target=(database, table),
            generates_key=any(column.identity and column not in columns for column in table.columns),
        )

    def _insert_columns(self, schema: exp.Expression, table: Table) -> list[Column]:
        if isinstance(schema, exp.Schema):
            return [_column_of(table, name.name) for name in schema.expressions]
        return [column for column in table.columns if not column.identity and column.type.name != "rowversion"]

    def _value_rows(self, rows: exp.Values, columns: Sequence[Column], table: Table) -> str:
        if len(rows.expressions) > 1000:
            raise SqlError(
                10738,
                "The number of row value expressions in the INSERT statement exceeds the maximum allowed number of 1000"
                " row values.",
                severity=15,
            )
        made = []
        for row in rows.expressions:
            values = row.expressions if isinstance(row, exp.Tuple) else [row]
            if len(values) != len(columns):
                raise SqlError(
                    110 if len(values) < len(columns) else 109,
                    "The number of columns in the INSERT statement must match the number of values specified in the"
                    " VALUES clause.",
                    severity=15,
                )
            fitted = (
                self._fitted(value, column, table, Scope()) for value, column in zip(values, columns, strict=True)
            )
            made.append(f"({', '.join(fitted)})")
        return f"VALUES {', '.join(made)}"

    def _selected_rows(self, query: exp.Expression, columns: Sequence[Column], table: Table) -> str:
        sql, outputs = self.rows(query, None)
        if len(outputs) != len(columns):
            raise SqlError(120, "The select list for the INSERT statement contains fewer items than the insert list.")
        picked = (
            self._assignable(Typed(f"c{at}", output.type), column, table)
            for at, (output, column) in enumerate(zip(outputs, columns, strict=True))
        )
        names = ", ".join(f"c{at}" for at in range(len(columns)))
        return f"SELECT {', '.join(picked)} FROM (WITH q ({names}) AS ({sql}) SELECT * FROM q) WHERE 1"

    def _check_given(self, table: Table, columns: Sequence[Column]) -> None:
        for column in table.columns:
            given = column in columns
            if given and column.type.name == "rowversion":
                raise SqlError(273, "Cannot insert an explicit value into a timestamp column.")
            if (
                not given
                and not column.nullable
                and column.default is None
                and not column.identity
                and (column.type.name != "rowversion")
            ):
                raise _null(self.database, table, column.name, "INSERT")

    # --- UPDATE and DELETE --------------------------------------------------------------------------------------------

    def _update(self, tree: exp.Update) -> Compiled:
        for part, value in tree.args.items():
            if value and part not in ("this", "expressions", "from_", "where", "returning", "options"):
                raise NotModelledError(f"{part} in UPDATE")
        scope = Scope()
        from_ = tree.args.get("from_")
        others, conditions = self._split_from(tree.this, from_, scope)
        target = scope.sources[0]
        database, table = _table_of(target)
        assignments = []
        written = set()
        for item in tree.expressions:
            if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column):
                raise near("SET")
            column = _column_of(table, item.this.name)
            self._check_writable(column)
            written.add(column.name)
            assignments.append(f"{quoted(column.name)} = {self._fitted(item.expression, column, table, scope)}")
        if len(written) < len(assignments):
            raise SqlError(264, "A column was specified more than once in the SET clause.")
        where = tree.args.get("where")
        if where is not None:
            conditions.append(self.condition(where.this, scope))
        outputs, returning = self._output(tree, target, table)
        from_sql = f" FROM {', '.join(others)}" if others else ""
        where_sql = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        assigned = ", ".join(assignments)
        sql = f"UPDATE {target.sql_name} AS {quoted(target.alias)} SET {assigned}{from_sql}{where_sql}{returning}"
        return self._compiled("UPDATE", sql, outputs, target=(database, table), written=frozenset(written))

    def _split_from(
        self, target: exp.Expression, from_: exp.Expression | None, scope: Scope
    ) -> tuple[list[str], list[str]]:
        """The target, entered first, then the other sources and the conditions that join them.

        In T-SQL the target stands behind FROM again, under its name or another; in SQLite it does not.
        """
        if from_ is None:
            scope.add(self._target(target))
            return [], []
        entries: list[tuple[exp.Expression, exp.Expression | None]] = [(from_.this, None)]
        for join in from_.this.args.get("joins") or []:
            if join.args.get("side") or isinstance(join.this, exp.Lateral):
                raise NotModelledError("an outer join in UPDATE")
            entries.append((join.this, join.args.get("on")))
        own = next((node for node, _ in entries if _means(target, node)), None)
        scope.add(self._target(target if own is None else own))
        if own is not None and target is not own:
            self._hints(target, scope.sources[0])
        others = [self.source(node, scope) for node, _ in entries if node is not own]
        return others, [self.condition(on, scope) for _, on in entries if on is not None]

    def _delete(self, tree: exp.Delete) -> Compiled:
        for part, value in tree.args.items():
            if value and part not in ("this", "where", "returning", "options"):
                raise NotModelledError(f"{part} in DELETE")
        if tree.this.args.get("joins"):
            raise NotModelledError("a join in DELETE")
        source = self._target(tree.this)
        scope = Scope([source])
        where = tree.args.get("where")
        condition = "" if where is None else f" WHERE {self.condition(where.this, scope)}"
        outputs, returning = self._output(tree, source, _table_of(source)[1])
        sql = f"DELETE FROM {source.sql_name} AS {quoted(source.alias)}{condition}{returning}"
        return self._compiled("DELETE", sql, outputs, target=_table_of(source))

    # --- what all of them share ---------------------------------------------------------------------------------------

    def _target(self, node: exp.Expression) -> Source:
        if not isinstance(node, exp.Table):
            raise near(node.sql()[:20])
        source = self.named(node)
        if source.table is None:
            raise SqlError(259, "Ad hoc updates to system catalogs are not allowed.")
        self._hints(node, source)
        return source

    def _fitted(self, node: exp.Expression, column: Column, table: Table, scope: Scope) -> str:
        if isinstance(node, exp.Column) and node.name.upper() == "DEFAULT" and not node.this.args.get("quoted"):
            if column.default_sql is None and not column.nullable:
                raise _null(self.database, table, column.name, "INSERT")
            return column.default_sql or "NULL"
        return self._assignable(self.expression(node, scope), column, table)

    def _assignable(self, typed: Typed, column: Column, table: Table) -> str:
        """The value as the column takes it; text that is too wide is an error, never cut."""
        source, target = typed.type, column.type
        if source == NULL:
            return typed.sql
        if target.name not in TEXT:
            if source.name in TEXT and target.name in ("binary", "varbinary"):
                raise SqlError(
                    257, f"Implicit conversion from data type {source.name} to {target.name} is not allowed."
                )
            return self.as_type(typed, target).sql
        if source.name not in TEXT:
            typed = self.as_type(typed, SqlType(target.name, -1))
        sized = source.name in TEXT and source.size not in (None, -1)
        if target.size == -1 or (sized and (source.size or 0) <= (target.size or 0)):
            return typed.sql
        shown = f"{self.database.name}.{table.schema}.{table.name}".replace("'", "''")
        return f"u8_fit({typed.sql}, {target.size}, '{shown}', '{column.name}')"

    def _check_writable(self, column: Column) -> None:
        if column.type.name == "rowversion":
            raise SqlError(272, "Cannot update a timestamp column.")
        if column.identity:
            raise SqlError(8102, f"Cannot update identity column '{column.name}'.")

    def _output(self, tree: exp.Expression, source: Source, table: Table) -> tuple[list[Output], str]:
        returning = tree.args.get("returning")
        if returning is None:
            return [], ""
        if returning.args.get("into"):
            raise NotModelledError("OUTPUT INTO")
        event = {exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Delete: "DELETE"}[type(tree)]
        database, _ = _table_of(source)
        if database.triggers_of(table, event):
            raise SqlError(
                334,
                f"The target table '{table.name}' of the DML statement cannot have any enabled triggers if the"
                " statement contains an OUTPUT clause without INTO clause.",
            )
        outputs, words = [], []
        for item in returning.expressions:
            named = item.this if isinstance(item, exp.Alias) else item
            if not isinstance(named, exp.Column) or named.table.lower() != (
                "deleted" if event == "DELETE" else "inserted"
            ):
                raise NotModelledError("OUTPUT of anything but a column as it is now")
            column = _column_of(table, named.name)
            if column.type.name == "rowversion":
                raise NotModelledError("OUTPUT of a row version")
            outputs.append(Output(item.alias_or_name, column.type))
            words.append(quoted(column.name))
        return outputs, f" RETURNING {', '.join(words)}"


def _means(target: exp.Expression, node: exp.Expression) -> bool:
    """Whether the target of an UPDATE is this entry behind FROM: by its alias, or by its name."""
    if not isinstance(node, exp.Table):
        return False
    if node.alias:
        return node.alias.casefold() == target.name.casefold() and not target.args.get("db")
    return node.name.casefold() == target.name.casefold()


def _table_of(source: Source) -> tuple[Database, Table]:
    if source.table is None or source.database is None:
        raise no_object(source.alias)
    return source.database, source.table


def _column_of(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise SqlError(207, f"Invalid column name '{name}'.")
    return column


def _null(database: Database, table: Table, column: str, statement: str) -> SqlError:
    return SqlError(
        515,
        f"Cannot insert the value NULL into column '{column}', table '{database.name}.{table.schema}.{table.name}';"
        f" column does not allow nulls. {statement} fails.",
        state=2,
    )
