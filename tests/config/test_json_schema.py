import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from u8sync.config.json_schema import FOLDER, schemas
from u8sync.config.shapes import MappingShape, PolicyShape, SettingsShape

ROOT = Path(__file__).parents[2]

FILES = [
    ("config.example.yaml", "config.schema.json", SettingsShape),
    ("mappings/customer.yaml", "mapping.schema.json", MappingShape),
    ("mappings/tiers.yaml", "policy.schema.json", PolicyShape),
]


def test_the_shipped_schemas_are_the_generated_ones() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert shipped == schemas(), "run: python -m u8sync.config.json_schema"


@pytest.mark.parametrize(("file", "schema", "model"), FILES)
def test_the_first_line_of_each_file_names_its_schema(file: str, schema: str, model: type[BaseModel]) -> None:
    path = ROOT / file
    first = path.read_text(encoding="utf-8").splitlines()[0]
    reference = first.removeprefix("# yaml-language-server: $schema=")
    assert reference != first
    assert (path.parent / reference).resolve() == FOLDER / schema


def properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"].items()
        for inner in schema.values():
            yield from properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner)


@pytest.mark.parametrize(("file", "schema", "model"), FILES)
def test_every_key_is_explained_in_both_languages(file: str, schema: str, model: type[BaseModel]) -> None:
    operators = {"prefix", "split", "table"}  # their help is translated where it is shown
    keys = [(key, inner) for key, inner in properties(json.loads(schemas()[schema])) if key not in operators]
    assert len(keys) > len(model.model_fields)
    for key, inner in keys:
        explained = inner.get("description", "")
        assert any("\u4e00" <= character <= "\u9fff" for character in explained), key
        assert any(character.isascii() and character.isalpha() for character in explained), key


@pytest.mark.parametrize(("file", "schema", "model"), FILES)
def test_every_key_of_a_shape_is_in_its_schema(file: str, schema: str, model: type[BaseModel]) -> None:
    text = json.loads(schemas()[schema])
    assert set(text["properties"]) == set(model.model_fields)
    assert text["additionalProperties"] is False


def test_every_setting_has_its_line_and_comment_in_the_example() -> None:
    lines = (ROOT / "config.example.yaml").read_text(encoding="utf-8").splitlines()
    for key in SettingsShape.model_fields:
        assert any(line.startswith((f"{key}:", f"# {key}:")) for line in lines), key
    for group in ("write", "guards", "retry"):
        model = SettingsShape.model_fields[group].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key in model.model_fields:
            assert any(line.startswith(f"  {key}:") and "# " in line for line in lines), key
