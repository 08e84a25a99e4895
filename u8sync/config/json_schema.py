"""JSON Schemas of the three files, for editors: completion, explanations and red lines while typing.

They are made from the shapes and shipped in ``schemas/``; after a shape has changed,
``python -m u8sync.config.json_schema`` writes them again. The idea: an editor warns early and may be
stricter than the loader (it takes ``0101`` for a number); what counts is the loader.
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

from u8sync.config.shapes import MappingShape, PolicyShape, SettingsShape

__all__ = ["FOLDER", "schemas"]

FOLDER: Final = Path(__file__).parent / "schemas"
"""Where the shipped schemas stand."""

_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "config": SettingsShape,
    "mapping": MappingShape,
    "policy": PolicyShape,
}


class _Plain(GenerateJsonSchema):
    """Without generated titles, without null (an absent key says the same), and with numbers as numbers."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's own signature
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if isinstance(default, Decimal):
            return {**inner, "default": int(default)}
        return {**inner, "default": default} if default else inner


def schemas() -> Mapping[str, str]:
    """File name -> text of the schema, as it is shipped."""
    texts = {}
    for name, model in _MODELS.items():
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(schema_generator=_Plain),
        }
        texts[f"{name}.schema.json"] = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return texts


def main() -> None:
    """Write the shipped schemas."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
