"""Conditions: what stands behind WHERE, ON, HAVING, WHEN and IF."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from emulated.errors import NotModelledError, SqlError, near
from emulated.expressions import COMPARISONS, Expressions
from emulated.scope import Scope
from emulated.sqltypes import TEXT, common

__all__ = ["Conditions"]


class Conditions(Expressions):
    """Compiles conditions."""

    def condition(self, node: exp.Expression, scope: Scope) -> str:
        """A condition, which in T-SQL is no value."""
        if type(node) in COMPARISONS:
            left, right = self.expression(node.this, scope), self.expression(node.expression, scope)
            return self.compare(COMPARISONS[type(node)], left, right)
        known: dict[type[exp.Expression], Callable[[exp.Expression, Scope], str]] = {
            exp.And: lambda node, scope: self._joined("AND", node, scope),
            exp.Or: lambda node, scope: f"({self._joined('OR', node, scope)})",
            exp.Not: lambda node, scope: f"NOT ({self.condition(node.this, scope)})",
            exp.Paren: lambda node, scope: f"({self.condition(node.this, scope)})",
            exp.Is: self._is_null,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: lambda node, scope: self._like(node, None, scope),
            exp.Escape: lambda node, scope: self._like(node.this, node.expression, scope),
            exp.Exists: lambda node, scope: f"EXISTS ({self.query(node.this, scope)[0]})",
        }
        if type(node) not in known:
            raise SqlError(
                4145,
                "An expression of non-boolean type specified in a context where a condition is expected, near"
                f" '{node.sql()[:40]}'.",
                severity=15,
            )
        return known[type(node)](node, scope)

    def _joined(self, word: str, node: exp.Expression, scope: Scope) -> str:
        return f" {word} ".join(self.condition(part, scope) for part in _flat(node, type(node)))

    def _is_null(self, node: exp.Expression, scope: Scope) -> str:
        if not isinstance(node.expression, exp.Null):
            raise near("IS")
        return f"{self.expression(node.this, scope).sql} IS NULL"

    def _in(self, node: exp.Expression, scope: Scope) -> str:
        subject = self.expression(node.this, scope)
        inner = node.args.get("query")
        if inner is not None:
            sql, outputs = self.query(inner.this if isinstance(inner, exp.Subquery) else inner, scope)
            if len(outputs) != 1:
                raise SqlError(116, "Only one expression can be specified in the select list of IN.")
            if common(subject.type, outputs[0].type).name not in {subject.type.name, *TEXT}:
                raise NotModelledError(f"{subject.type.name} IN a query of {outputs[0].type.name}")
            return f"{self.with_collation(subject)} IN ({sql})"
        values = [self.expression(value, scope) for value in node.expressions]
        type_ = subject.type
        for value in values:
            type_ = common(type_, value.type)
        if not (subject.type.name in TEXT and type_.name in TEXT):
            subject = self.as_type(subject, type_)
        words = (
            value.sql if value.type.name in TEXT and type_.name in TEXT else self.as_type(value, type_).sql
            for value in values
        )
        return f"{self.with_collation(subject)} IN ({', '.join(words)})"

    def _between(self, node: exp.Expression, scope: Scope) -> str:
        subject = self.expression(node.this, scope)
        low, high = self.expression(node.args["low"], scope), self.expression(node.args["high"], scope)
        return f"({self.compare('>=', subject, low)} AND {self.compare('<=', subject, high)})"

    def _like(self, node: exp.Expression, escape: exp.Expression | None, scope: Scope) -> str:
        value, pattern = self.text(node.this, scope), self.text(node.expression, scope)
        last = "" if escape is None else f", {self.text(escape, scope).sql}"
        return f"u8_like({value.sql}, {pattern.sql}{last})"


def _flat(node: exp.Expression, kind: type[exp.Expression]) -> Iterator[exp.Expression]:
    """The parts of a chain such as ``a AND b AND c``, without one level of recursion for each."""
    chain = []
    while type(node) is kind:
        chain.append(node.expression)
        node = node.this
    yield node
    yield from reversed(chain)
