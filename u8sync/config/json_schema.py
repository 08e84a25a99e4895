"""JSON Schemas of the five kinds of files, for editors: completion, explanations and red lines while typing.

They are made from the shapes, and from the backends' options, which are strangers here and come as arguments. They
are shipped in ``schemas/``; after one of those classes has changed, ``python tests/support/schemas.py`` writes them
again. The idea: an editor warns early, and what counts is the loader. It is stricter only about what other programs
would read otherwise (a number or ``NO`` without quotes where a text is meant, a number or a flag in quotes, ``yes``)
and about keys without a value that no file below could make necessary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from u8sync.config.shapes.cases import CasesShape
from u8sync.config.shapes.fleet import FleetShape
from u8sync.config.shapes.mapping import ColumnsShape, FieldShape, MappingShape, TableShape
from u8sync.config.shapes.policy import PolicyShape
from u8sync.config.shapes.settings import AccountSetShape, AnchorShape, DatabaseAnchorShape, SettingsShape
from u8sync.domain.operators import OPERATORS
from u8sync.text import Translate, english

__all__ = ["FOLDER", "schemas"]

FOLDER: Final = Path(__file__).parent / "schemas"
"""Where the shipped schemas stand."""

_Schema = dict[str, Any]


class _Plain(GenerateJsonSchema):
    """Without generated titles, without null (an absent key says the same), and with numbers as numbers."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's own signature
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        plain = super().model_schema(schema)
        plain.pop("title", None)
        return plain

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> dict[str, Any]:
        bounds = {"minimum": schema.get("ge"), "maximum": schema.get("le")}
        return {"type": "number", **{name: _number(bound) for name, bound in bounds.items() if bound is not None}}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if isinstance(default, BaseModel):
            return inner
        if isinstance(default, Decimal):
            return {**inner, "default": _number(default)}
        return {**inner, "default": default} if default else inner


def _number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def schemas(
    backends: Mapping[str, type[BaseModel]],
    anchors: Mapping[str, type[BaseModel]] | None = None,
    translate: Translate = english,
) -> Mapping[str, str]:
    """The text of each schema, as it is shipped.

    Args:
        backends: Name of each backend -> the class of its options.
        anchors: Name of each backend that keeps checkpoints -> the class of the options of an anchor.
        translate: Puts what an operator does into Chinese; what stands in the shapes is in both languages already.

    Returns:
        File name -> text.
    """
    texts = {"config": _with_anchors(_with_backends(_schema(SettingsShape), backends), anchors or {})}
    texts |= {"mapping": _with_overlays(_schema(MappingShape)), "policy": _schema(PolicyShape)}
    texts |= {"cases": _schema(CasesShape), "fleet": _schema(FleetShape)}
    _explain_operators(texts["mapping"], translate)
    return {
        f"{name}.schema.json": json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in texts.items()
    }


def _schema(model: type[BaseModel]) -> _Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(schema_generator=_Plain),
    }


def _with_overlays(mapping: _Schema) -> _Schema:
    """The schema of a mapping, where a file that extends another need not say everything and may take things away.

    What may be taken away has null among its types, rather than a choice between something and null: of a choice an
    editor only knows that nothing of it fits, and marks the whole.
    """
    shared = mapping["$defs"]
    groups = {"fields": FieldShape.__name__, "tables": TableShape.__name__}
    needed = {
        name: {"additionalProperties": {"required": shared[shape].pop("required")}} for name, shape in groups.items()
    }
    for shape in (*groups.values(), ColumnsShape.__name__):
        _let_be_nothing(shared[shape])
        for key, one in shared[shape]["properties"].items():
            _let_be_nothing(one)
            if key in ("values", "spellings", "only_if"):
                for entry in _entries(one):
                    _let_be_nothing(entry)
    mapping["if"] = {"required": ["extends"]}
    mapping["else"] = {"required": mapping.pop("required"), "properties": needed}
    return mapping


def _entries(group: _Schema) -> list[_Schema]:
    """What an entry of a group may be."""
    patterns = group.get("patternProperties", {}).values()
    return [*patterns, *([group["additionalProperties"]] if "additionalProperties" in group else [])]


def _let_be_nothing(schema: _Schema) -> None:
    """Let there be no value: in a file that extends another, that takes away what stands there."""
    if "anyOf" in schema:
        schema["anyOf"].append({"type": "null"})
    elif "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"].append(None)


def _explain_operators(mapping: _Schema, translate: Translate) -> None:
    """Say in both languages what each operator does."""
    helps = {english(kind.help): kind.help for kind in OPERATORS.values()}

    def explain(schema: object) -> None:
        if isinstance(schema, dict):
            told = schema.get("description")
            if isinstance(told, str) and told in helps and translate(helps[told]) != told:
                schema["description"] = f"{translate(helps[told])}。{told[0].upper()}{told[1:]}."
            for inner in schema.values():
                explain(inner)
        elif isinstance(schema, list):
            for inner in schema:
                explain(inner)

    explain(mapping)


def _with_backends(settings: _Schema, backends: Mapping[str, type[BaseModel]]) -> _Schema:
    """The schema of the configuration with the keys of every backend, told apart by ``backend``."""
    shared = settings["$defs"]
    told = shared.pop(AccountSetShape.__name__)["properties"]["backend"]["description"]
    ways = []
    for name, options in sorted(backends.items()):
        way = options.model_json_schema(schema_generator=_Plain)
        shared |= way.pop("$defs", {})
        way["properties"] = {"backend": {"const": name, "description": told}, **way["properties"]}
        way["required"] = ["backend", *way.get("required", ())]
        ways.append(way)
    account_set = settings["properties"]["account_set"]
    settings["properties"]["account_set"] = {"description": account_set["description"], "oneOf": ways}
    return settings


def _with_anchors(settings: _Schema, anchors: Mapping[str, type[BaseModel]]) -> _Schema:
    """The schema of the configuration with the keys of every server that keeps checkpoints."""
    shared = settings["$defs"]
    del shared[DatabaseAnchorShape.__name__]
    kinds = shared[AnchorShape.__name__]["properties"]
    for name in [name for name, kind in kinds.items() if kind.get("$ref", "").endswith(DatabaseAnchorShape.__name__)]:
        options = anchors[name].model_json_schema(schema_generator=_Plain) if name in anchors else {"type": "object"}
        shared |= options.pop("$defs", {})
        kinds[name] = {**options, "description": kinds[name]["description"]}
    return settings
