"""``map show``: one customer's way through the mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.mappings.options import data_option, mapping_option
from u8sync.cli.options import config_option, json_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.domain.canonical import Json
    from u8sync.domain.operators import Canonical
    from u8sync.domain.tracing import TracedField

__all__ = ["show"]


@click.command(
    help=N_(
        "Follow one customer through the mapping: the raw value of each field, what each operator makes of it, and the"
        " file and line that decided. Nothing is written."
    ),
)
@click.argument("code")
@config_option
@mapping_option
@data_option
@json_option
@click.pass_obj
def show(
    session: Session, *, code: str, config: Path, mapping: Path | None, data: Path | None, as_json: bool
) -> ExitCode:
    """Follow one customer through the mapping."""
    from u8sync.bootstrap import shown
    from u8sync.bootstrap.archive import mapping_of, read_customer
    from u8sync.domain.tracing import trace
    from u8sync.report.terminal.traced import traced_view

    loaded, path = mapping_of(config, mapping)
    way, reading = read_customer(config, data, loaded, code)
    if reading is None:
        raise InputError(
            msg("There is no customer with the code '{code}'", code=code),
            hint=msg("Codes are text: '007' is not '7'. 'u8sync plan --all' lists codes as U8 holds them."),
        )
    fields = trace(reading.values, code, loaded, way)
    if as_json:
        session.emit(json.dumps([_json(one) for one in fields], ensure_ascii=False, indent=1))
    else:
        session.out.print(traced_view(code, shown(path), fields, session.translate))
    return ExitCode.DONE


def _json(traced: TracedField) -> dict[str, Json]:
    return {
        "field": traced.field.name,
        "label": traced.field.label,
        "place": str(traced.field.place),
        "column": traced.column,
        "from_field": traced.field.from_field,
        "raw": _plain(traced.raw),
        "unmet": [{"field": one.field, "place": str(one.place)} for one in traced.unmet],
        "rule": None if traced.rule is None else {"value": traced.rule.value, "place": str(traced.rule.place)},
        "steps": [
            {
                "operator": step.step.words,
                "value": _plain(step.value),
                "refused": None if step.refused is None else str(step.refused),
                "place": str(step.step.place),
                "found": [
                    {
                        "value": found.value,
                        "how": found.how,
                        "place": str(found.table.place if found.entry is None else found.entry.place),
                    }
                    for found in step.found
                ],
            }
            for step in traced.steps
        ],
        "value": _plain(traced.value),
        "defaulted": traced.defaulted,
        "set_aside": traced.set_aside,
        "written": traced.written,
    }


def _plain(value: Canonical) -> Json:
    return list(value) if isinstance(value, tuple) else None if value is None else str(value)
