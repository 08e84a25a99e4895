import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from u8sync.backends import BACKENDS, backend_kind
from u8sync.backends.secrets import SecretReference
from u8sync.config.json_schema import FOLDER, schemas
from u8sync.config.shapes.cases import CasesShape
from u8sync.config.shapes.mapping import MappingShape
from u8sync.config.shapes.policy import PolicyShape
from u8sync.config.shapes.settings import SettingsShape
from u8sync.report.language import translator

ROOT = Path(__file__).parents[2]

FILES = [
    ("config.example.yaml", "config.schema.json", SettingsShape),
    ("mappings/customer.yaml", "mapping.schema.json", MappingShape),
    ("mappings/tiers.yaml", "policy.schema.json", PolicyShape),
    ("mappings/customer.cases.yaml", "cases.schema.json", CasesShape),
]

KINDS = {name: backend_kind(name) for name in BACKENDS}
OPTIONS = {name: kind.options for name, kind in KINDS.items()}
ANCHORS = {name: kind.anchor.options for name, kind in KINDS.items() if kind.anchor is not None}


def test_the_shipped_schemas_are_the_generated_ones() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert shipped == schemas(OPTIONS, ANCHORS, translator("zh")), "run: python tests/support/schemas.py"


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
        for key, inner in schema.items():
            if key != "else":  # what a file that extends no other must have; the keys are explained above
                yield from properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner)


@pytest.mark.parametrize(("file", "schema", "model"), FILES)
def test_every_key_is_explained_in_both_languages(file: str, schema: str, model: type[BaseModel]) -> None:
    keys = list(properties(json.loads(schemas(OPTIONS, ANCHORS, translator("zh"))[schema])))
    assert len(keys) > len(model.model_fields)
    for key, inner in keys:
        explained = inner.get("description", "")
        assert any("\u4e00" <= character <= "\u9fff" for character in explained), key
        assert any(character.isascii() and character.isalpha() for character in explained), key


@pytest.mark.parametrize(("file", "schema", "model"), FILES)
def test_every_key_of_a_shape_is_in_its_schema(file: str, schema: str, model: type[BaseModel]) -> None:
    text = json.loads(schemas(OPTIONS, ANCHORS)[schema])
    assert set(text["properties"]) == set(model.model_fields)
    assert text["additionalProperties"] is False


class Kept(BaseModel):
    """A backend with a secret."""

    model_config = ConfigDict(extra="forbid")

    password: SecretReference


def test_the_keys_of_every_backend_are_known_and_told_apart_by_its_name() -> None:
    schema = json.loads(schemas({**OPTIONS, "kept": Kept})["config.schema.json"])
    ways = {way["properties"]["backend"]["const"]: way for way in schema["properties"]["account_set"]["oneOf"]}
    assert set(ways) == {*BACKENDS, "kept"}
    for name, options in {**OPTIONS, "kept": Kept}.items():
        assert set(ways[name]["properties"]) == {"backend", *options.model_fields}
        assert "backend" in ways[name]["required"]
        assert ways[name]["additionalProperties"] is False


def test_the_keys_of_every_server_that_keeps_checkpoints_are_known() -> None:
    schema = json.loads(schemas(OPTIONS, ANCHORS)["config.schema.json"])
    kinds = schema["$defs"]["AnchorShape"]["properties"]
    assert set(kinds) == {"folder", "timestamp", "timeout_s", *ANCHORS}
    for name, options in ANCHORS.items():
        assert set(kinds[name]["properties"]) == set(options.model_fields)
        assert kinds[name]["additionalProperties"] is False


def test_a_secret_is_known_as_exactly_one_of_three_places() -> None:
    schema = json.loads(schemas({"kept": Kept})["config.schema.json"])
    password = schema["properties"]["account_set"]["oneOf"][0]["properties"]["password"]
    place = schema["$defs"][password["$ref"].rpartition("/")[2]]
    assert set(place["properties"]) == {"env", "file", "keyring"}
    assert (place["minProperties"], place["maxProperties"]) == (1, 1)


def test_every_reference_of_a_schema_leads_somewhere() -> None:
    text = schemas({**OPTIONS, "kept": Kept}, ANCHORS)["config.schema.json"]
    named = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert named == set(json.loads(text)["$defs"])


def test_every_setting_has_its_line_and_comment_in_the_example() -> None:
    lines = (ROOT / "config.example.yaml").read_text(encoding="utf-8").splitlines()
    for key in SettingsShape.model_fields:
        assert any(line.startswith((f"{key}:", f"# {key}:")) for line in lines), key
    for group in ("audit", "write", "guards", "retry"):
        model = SettingsShape.model_fields[group].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key in model.model_fields:
            assert any(line.startswith((f"  {key}:", f"  # {key}:")) for line in lines), key
