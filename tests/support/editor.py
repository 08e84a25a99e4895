"""What an editor makes of a YAML file and its schema: YAML 1.2 (core schema), and JSON Schema 2020-12."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from u8sync.config.json_schema import FOLDER

__all__ = ["complaints"]


class _Core(yaml.SafeLoader):
    """YAML 1.2: ``NO`` and ``12:30`` are texts, ``0101`` is the number 101, dates are texts."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


for _tag, _form in (
    ("null", r"~|null|Null|NULL|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"),
):
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), None)
_Core.add_constructor("tag:yaml.org,2002:int", lambda _loader, node: int(node.value))
_Core.add_constructor("tag:yaml.org,2002:float", lambda _loader, node: float(node.value))


def complaints(kind: str, text: str) -> list[str]:
    """What the editor marks red: the way to each place, and what is wrong there."""
    schema = json.loads((FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    document = yaml.load(text, Loader=_Core)  # noqa: S506 - a safe loader of ours
    found = Draft202012Validator(schema).iter_errors(document)
    return sorted(f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found)
