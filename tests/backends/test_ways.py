"""The names of one thing in each way into U8 are names that these ways have, and those of the shipped mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from u8sync.backends.openapi.fields import READABLE
from u8sync.backends.u8_schema import ARCHIVE, ITEM_IDS
from u8sync.backends.ways import ITEMS, KNOWN_FIELDS
from u8sync.config.mapping_file import load_mapping

SHIPPED = load_mapping(Path(__file__).parents[2] / "mappings" / "customer.yaml", "customer.yaml")


def test_fields_have_the_columns_of_the_mapping_that_is_shipped() -> None:
    own = {"roles", "tier"}  # these stand in a self-defined item
    assert {field.name: dict(field.columns) for field in SHIPPED.fields if field.name not in own} == {
        name: dict(columns) for name, columns in KNOWN_FIELDS.items()
    }
    items = [dict(item) for item in ITEMS]
    assert all(dict(field.columns) in items for field in SHIPPED.fields if field.name in own)


@pytest.mark.parametrize(("way", "known"), [("sql", ARCHIVE.keys()), ("openapi", READABLE.keys())])
def test_every_name_is_one_that_may_be_read(way: str, known: frozenset[str]) -> None:
    assert {columns[way] for columns in (*KNOWN_FIELDS.values(), *ITEMS) if way in columns} <= known


def test_every_item_is_there_once() -> None:
    assert [item["sql"] for item in ITEMS] == list(ITEM_IDS)
    assert sorted(item["openapi"] for item in ITEMS) == sorted(name for name in READABLE if "define" in name)
