"""What several fields of a mapping file must keep together: sources, columns, needs, tables in use."""

from __future__ import annotations

from collections.abc import Mapping

from u8sync.config.checking import did_you_mean, shown
from u8sync.config.findings import Findings
from u8sync.config.shapes.mapping import FieldShape
from u8sync.domain.mapping import CODE, Field, in_order_of_need
from u8sync.domain.operators import OPERATORS
from u8sync.domain.tables import ValueTable
from u8sync.text import msg

__all__ = ["check_together"]

Shapes = Mapping[str, FieldShape]


def check_together(
    found: Findings, shapes: Shapes, tables: Mapping[str, ValueTable], fields: tuple[Field, ...], *, whole: bool
) -> None:
    """Note what is wrong with the fields taken together.

    Args:
        found: The file.
        shapes: The fields whose shape is right.
        tables: The tables whose shape is right.
        fields: The fields that are sound by themselves.
        whole: Whether the shape of the whole file is right; else what looks unused may only be out of sight.
    """
    _check_code(found, shapes)
    _check_sources(found, shapes)
    _check_columns(found, shapes)
    _check_names(found, shapes)
    if whole:
        _check_circles(found, fields)
        _check_tables_are_used(found, shapes, tables)


def _check_code(found: Findings, shapes: Shapes) -> None:
    if CODE not in found.names("fields"):
        if isinstance(found.located.at(("fields",)), dict):
            found.add(found.key("fields"), msg("the field '{field}' is missing", field=CODE))
        return
    shape = shapes.get(CODE)
    if shape is None:
        return
    for index, use in enumerate(shape.operators):
        if use.name in OPERATORS and use.name != "trim":
            found.add(
                found.value("fields", CODE, "operators", index),
                msg("the customer code stays as it is; '{key}' is not possible here", key=use.name),
            )
    for key in ("from_field", "choose", "only_if", "default", "write", "write_field", "width"):
        if getattr(shape, key):
            found.add(
                found.key("fields", CODE, key),
                msg("the customer code stays as it is; '{key}' is not possible here", key=key),
            )


def _check_sources(found: Findings, shapes: Shapes) -> None:
    """Each field has one source; required ones a column for every way that the file serves."""
    used = dict.fromkeys(way for shape in shapes.values() for way, column in shape.columns if column)
    for name, shape in shapes.items():
        columns = {way for way, column in shape.columns if column}
        derived = [key for key in ("from_field", "choose") if getattr(shape, key)]
        if derived and name != CODE:
            _check_derived(found, name, shape, derived)
            continue
        place = found.key("fields", name, "columns")
        if not columns:
            hint = msg("Or say where its value comes from, with 'from_field' or 'choose'.") if name != CODE else None
            found.add(place, msg("the field '{field}' has no column", field=name), hint)
        elif name == CODE or (shape.required and not shape.only_if):
            for way in used:
                if way not in columns:
                    found.add(
                        place, msg("the field '{field}' is required and has no column for {way}", field=name, way=way)
                    )


def _check_derived(found: Findings, name: str, shape: FieldShape, derived: list[str]) -> None:
    """A derived field has one source, no column of its own, and is written by the field that holds the column."""
    columns = any(column for _, column in shape.columns)
    for key in (*derived[1:], *(["columns"] if columns else [])):
        found.add(
            found.key("fields", name, key),
            msg("the field '{field}' has a value already, by '{key}'; only one can count", field=name, key=derived[0]),
        )
    if shape.choose and shape.operators:
        found.add(
            found.key("fields", name, "operators"),
            msg("operators do not follow 'choose'; its rules give the final value"),
        )
    for key in ("write", "write_field"):
        if getattr(shape, key):
            found.add(
                found.key("fields", name, key),
                msg("the field '{field}' has no column of its own, so nothing can be written into it", field=name),
                msg("Let the field with the column say 'write_field: {field}'.", field=name),
            )
    for index, rule in enumerate(shape.choose[:-1]):
        if not rule.when:
            found.add(
                found.value("fields", name, "choose", index + 1),
                msg("this rule is never reached: the one before holds for every customer"),
            )


def _check_columns(found: Findings, shapes: Shapes) -> None:
    """A written column belongs to one field only: another would read what was never there, or write over it."""
    owners: dict[tuple[str, str], str] = {}
    for name, shape in shapes.items():
        for way, column in shape.columns:
            if column is None:
                continue
            owner = owners.setdefault((way, column.lower()), name)
            if owner != name and any(s.write or s.write_field for s in (shape, shapes[owner])):
                found.add(
                    found.value("fields", name, "columns", way),
                    msg(
                        "the column '{column}' belongs to the field '{field}' too, and one of them is written",
                        column=column,
                        field=owner,
                    ),
                )


def _check_names(found: Findings, shapes: Shapes) -> None:
    """The fields that others name exist."""
    known = [name for name in found.names("fields") if name != CODE]
    for name, shape in shapes.items():
        for key in ("from_field", "write_field"):
            named = getattr(shape, key)
            place = found.value("fields", name, key)
            if named is None or name == CODE:
                continue
            if named not in known:
                found.add(place, msg("unknown field '{field}'", field=shown(named)), did_you_mean(named, known))
            elif named == name:
                found.add(place, msg("the field '{field}' names itself here", field=name))
        if shape.write and shape.write_field and name != CODE:
            found.add(
                found.key("fields", name, "write_field"),
                msg("the field '{field}' has a 'write' already; only one can count", field=name),
            )


def _check_circles(found: Findings, fields: tuple[Field, ...]) -> None:
    """No field needs itself, by way of others or not."""
    names = {field.name for field in fields}
    reached = {field.name for layer in in_order_of_need(fields) for field in layer}
    stuck = {field.name: field for field in fields if field.name not in reached and field.name != CODE}
    for field in stuck.values():
        circle = _circle(field.name, stuck)
        if circle and field.needs <= names:
            found.add(
                field.place,
                msg("the field '{field}' needs itself: {circle}", field=field.name, circle=" -> ".join(circle)),
            )
            return


def _circle(start: str, stuck: Mapping[str, Field]) -> tuple[str, ...]:
    """The way from a field back to it; empty when it only needs others that go in a circle."""
    way = [start]
    while True:
        needs = sorted(need for need in stuck[way[-1]].needs if need in stuck)
        if not needs:
            return ()
        if start in needs:
            return (*way, start)
        if needs[0] in way:
            return ()
        way.append(needs[0])


def _check_tables_are_used(found: Findings, shapes: Shapes, tables: Mapping[str, ValueTable]) -> None:
    used = {use.argument for shape in shapes.values() for use in shape.operators}
    for name in tables:
        if name not in used:
            found.add(found.key("tables", name), msg("no field uses the table '{table}'", table=name))
