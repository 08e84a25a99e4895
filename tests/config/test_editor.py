"""The schemas as an editor uses them: what loads is never marked red, and what people get wrong is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from editor import complaints
from rich_mapping import RICH

from u8sync.config.cases_file import load_cases
from u8sync.config.json_schema import FOLDER
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import load_settings
from u8sync.domain.operators import OPERATORS
from u8sync.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLES = {
    "mapping": "mappings/customer.yaml",
    "policy": "mappings/tiers.yaml",
    "config": "config.example.yaml",
    "cases": "mappings/customer.cases.yaml",
}
HEAD = "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
A = "  a: {label: A, columns: {sql: cA}, operators: [{table: t}]}\n"
T = "tables: {t: {values: {A: 甲, B: 乙}}}\n"
CASE = "version: 1\nmapping: m.yaml\ncases:\n"


def loads(kind: str, folder: Path, text: str) -> bool:
    """Whether u8sync takes the file; what it extends and tests stands beside it."""
    (folder / "m.yaml").write_text(RICH, encoding="utf-8")
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    loaders = {
        "mapping": lambda: load_mapping(path, "x.yaml"),
        "policy": lambda: load_policy(path, "x.yaml"),
        "config": lambda: load_settings(path),
        "cases": lambda: load_cases(path, "x.yaml"),
    }
    try:
        loaders[kind]()
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize(("kind", "file"), EXAMPLES.items())
def test_the_examples_are_not_marked(kind: str, file: str) -> None:
    assert complaints(kind, (ROOT / file).read_text(encoding="utf-8")) == []


SOUND = {
    "everything": ("mapping", RICH),
    "prefixes": ("mapping", HEAD + A + 'tables: {t: {match: prefix, values: {"01": 经销商, "0102": 华南}}}\n'),
    "patterns": ("mapping", HEAD + A + "tables: {t: {match: pattern, values: {'(?i)vip.*': V, '[0-9]{2}|': 编}}}\n"),
    "keep": ("mapping", HEAD + A + "tables: {t: {unmapped: keep, values: {甲: 一}}}\n"),
    "default": ("mapping", HEAD + A + "tables: {t: {unmapped: default, default: 其他, values: {甲: 一}}}\n"),
    "spellings": ("mapping", HEAD + A + "tables: {t: {values: {甲: 一, 乙: 一}, spellings: {一: 乙}}}\n"),
    "rules": (
        "mapping",
        HEAD + A + "  b:\n    label: B\n    choose:\n      - {when: {a: [甲, 乙]}, value: x}\n"
        "      - {when: {a: {empty: true}}, value: y}\n      - {when: {a: {begins: 甲}}, value: z}\n"
        "      - {value: w}\n" + T,
    ),
    "conditions": ("mapping", HEAD + A + "  b: {label: B, columns: {sql: cB}, only_if: {a: {is_not: [甲]}}}\n" + T),
    "widths": ("mapping", HEAD + A.replace("]}", "], write: canonical, width: 12}") + T),
    "the other way": ("mapping", HEAD.replace("}}", ", openapi: code}}") + A.replace("cA", "cA, openapi: ~") + T),
    "overlay": ("mapping", 'extends: m.yaml\ntables: {roles: {values: {"09": 供应商}}}\n'),
    "overlay that adds a field": ("mapping", "extends: m.yaml\nfields: {b: {label: B, columns: {sql: cB}}}\n"),
    "overlay that takes a default away": ("mapping", "extends: m.yaml\nfields: {special: {default: ~}}\n"),
    "overlay that takes a column away": ("mapping", "extends: m.yaml\nfields: {since: {columns: {openapi: }}}\n"),
    "overlay that takes a condition away": (
        "mapping",
        "extends: m.yaml\nfields: {special: {only_if: {class: }, columns: {openapi: ~}}}\n",
    ),
    "overlay that takes all conditions away": ("mapping", "extends: m.yaml\nfields: {special: {only_if: ~}}\n"),
    "overlay that takes a field away": ("mapping", "extends: m.yaml\nfields: {since: ~}\n"),
    "overlay that takes a line away": ("mapping", "extends: m.yaml\ntables: {areas: {values: {'01': }}}\n"),
    "overlay that takes a spelling away": (
        "mapping",
        "extends: m.yaml\ntables: {grades: {spellings: {一般: }}}\nfields: {grade: {write: }}\n",
    ),
    "overlay that takes how to match away": ("mapping", "extends: m.yaml\ntables: {areas: {match: ~}}\n"),
    "overlay that takes a rule for others away": (
        "mapping",
        "extends: m.yaml\nfields: {special: ~, kind: {choose: [{value: 未知}]}}\n"
        + T.replace("t: {values: {A: 甲, B: 乙}}", "kept: ~, classes: {unmapped: ~, default: ~}"),
    ),
    "overlay that makes nothing required": ("mapping", "extends: m.yaml\nfields: {name: {required: ~}}\n"),
    "overlay of nothing": ("mapping", "extends: m.yaml\n"),
    "overlay with its version": ("mapping", "version: 1\nextends: m.yaml\n"),
    "cases": (
        "cases",
        CASE + "- {name: a, given: {cCCCode: '01', cCusDefine4: ~}, expect: {class: 经销, roles: [供应商]}"
        ", issues: [class], set_aside: true, expect_raw: {cCusDefine4: ~}}\n",
    ),
    "issues by name": ("cases", CASE + "- {name: a, way: openapi, given: {name: x}, issues: {name: ~, class: 问题}}\n"),
    "writing": ("cases", CASE + "- {name: a, write: {tier: VIP, roles: [供应商]}, expect_raw: {cCusDefine5: VIP}}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [pytest.param(*one, id=name) for name, one in SOUND.items()])
def test_what_loads_is_not_marked(tmp_path: Path, kind: str, text: str) -> None:
    assert loads(kind, tmp_path, text)
    assert complaints(kind, text) == []


STRICTER = {
    "a number where a text is meant": ("mapping", HEAD + A + "tables: {t: {values: {A: 1, B: 乙}}}\n"),
    "a number in quotes": ("mapping", HEAD + A.replace("]}", "], width: '12'}") + T),
    "a flag in quotes": ("mapping", HEAD + A.replace("]}", "], required: 'true'}") + T),
    "yes": ("mapping", HEAD + A.replace("]}", "], required: yes}") + T),
    "a raw value without quotes": ("cases", CASE + "- {name: a, given: {cCCCode: 0101}, issues: []}\n"),
    "a key without a value": ("cases", CASE + "- {name: a, given: {cCCCode: '1'}, issues: [], way: }\n"),
}
"""What u8sync reads as typed, and other programs that read the same file do not."""


@pytest.mark.parametrize(("kind", "text"), [pytest.param(*one, id=name) for name, one in STRICTER.items()])
def test_what_other_programs_read_otherwise_is_marked_although_it_loads(tmp_path: Path, kind: str, text: str) -> None:
    assert loads(kind, tmp_path, text)
    assert complaints(kind, text) != []


WRONG = {
    "unknown key of a field": ("mapping", HEAD + A.replace("label", "lable") + T, "fields/a"),
    "unknown operator": ("mapping", HEAD + A.replace("table: t", "tabel: t") + T, "fields/a/operators"),
    "unknown separator": ("mapping", HEAD + A.replace("table: t", "split: '|'") + T, "fields/a/operators"),
    "prefix of nothing": ("mapping", HEAD + A.replace("table: t", "prefix: 0") + T, "fields/a/operators"),
    "prefix of too much": ("mapping", HEAD + A.replace("table: t", "prefix: 1000") + T, "fields/a/operators"),
    "unknown way to match": ("mapping", HEAD + A + T.replace("{values", "{match: like, values"), "tables/t/match"),
    "unknown rule for others": (
        "mapping",
        HEAD + A + T.replace("{values", "{unmapped: x, values"),
        "tables/t/unmapped",
    ),
    "unknown way of writing": ("mapping", HEAD + A.replace("]}", "], write: teir}") + T, "fields/a/write"),
    "unknown way into U8": ("mapping", HEAD.replace("sql:", "mysql:"), "fields/code/columns"),
    "column name": ("mapping", HEAD.replace("cCusCode", "'c Cus'"), "fields/code/columns/sql"),
    "field name": ("mapping", HEAD + A.replace("  a:", "  A:") + T, "fields"),
    "unknown test": ("mapping", HEAD + A.replace("label: A", "label: A, only_if: {b: {like: x}}") + T, "only_if"),
    "no width": ("mapping", HEAD + A.replace("]}", "], width: 0}") + T, "fields/a/width"),
    "no label": ("mapping", HEAD + A.replace("label: A, ", "") + T, "fields/a"),
    "a table without lines": ("mapping", HEAD + A + "tables: {t: {unmapped: keep}}\n", "tables/t"),
    "no fields and nothing extended": ("mapping", "version: 1\n", ""),
    "another version": ("mapping", HEAD.replace("version: 1", "version: 2"), "version"),
    "an overlay with an unknown key": ("mapping", "extends: m.yaml\nfields: {a: {write: teir}}\n", "fields/a/write"),
    "neither given nor write": ("cases", CASE + "- {name: a, issues: []}\n", "cases/0"),
    "both": ("cases", CASE + "- {name: a, given: {cCCCode: x}, write: {tier: x}, issues: []}\n", "cases/0"),
    "unknown key of a case": ("cases", CASE + "- {name: a, given: {cCCCode: x}, isues: []}\n", "cases/0"),
    "unknown way of a case": ("cases", CASE + "- {name: a, way: odbc, given: {a: x}, issues: []}\n", "cases/0/way"),
    "no mapping": ("cases", "version: 1\ncases: [{name: a, given: {a: x}, issues: []}]\n", ""),
    "nothing given": ("cases", CASE + "- {name: a, given: {}, issues: []}\n", "cases/0/given"),
    "a list of raw values": ("cases", CASE + "- {name: a, given: {a: [x]}, issues: []}\n", "cases/0/given/a"),
    "a metric that there is not": ("policy", "version: 1\nscore: {revenu: {weight: 1}}\n", "score"),
    "a setting that there is not": ("config", "version: 1\ntime_zone: x\n", ""),
}


@pytest.mark.parametrize(("kind", "text", "where"), [pytest.param(*one, id=name) for name, one in WRONG.items()])
def test_what_people_get_wrong_is_marked_at_its_place(tmp_path: Path, kind: str, text: str, where: str) -> None:
    assert not loads(kind, tmp_path, text)
    assert any(one.startswith(where) or where in one.split(":")[0] for one in complaints(kind, text))


# --- what is shown while the cursor rests on a key ---


def groups(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a group of keys, with where it stands."""
    if isinstance(schema, dict):
        if "object" in (schema.get("type"), *(schema.get("type") or ())):
            yield at, schema
        for key, inner in schema.items():
            yield from groups(inner, f"{at}/{key}")
    elif isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from groups(inner, f"{at}/{number}")


def both_languages(text: str) -> bool:
    return any("\u4e00" <= one <= "\u9fff" for one in text) and any(one.isascii() and one.isalpha() for one in text)


@pytest.mark.parametrize("kind", ["mapping", "policy", "cases"])
def test_every_group_and_key_is_explained_where_the_cursor_rests_on_it(kind: str) -> None:
    schema = json.loads((FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8"))
    told = [(name, shape["description"]) for name, shape in schema["$defs"].items()]
    keys = [
        (f"{at}/{key}", inner.get("description", ""))
        for at, group in groups(schema)
        for key, inner in group.get("properties", {}).items()
        if not at.startswith("/else")
    ]
    assert len(keys) > 10
    assert [name for name, text in [*told, *keys] if not both_languages(text)] == []


def test_each_operator_is_offered_with_its_own_explanation() -> None:
    schema = json.loads((FOLDER / "mapping.schema.json").read_text(encoding="utf-8"))
    offered = {}
    for one in schema["$defs"]["FieldShape"]["properties"]["operators"]["items"]["anyOf"]:
        name = one["const"] if "const" in one else one["required"][0]
        offered[name] = (one if "const" in one else one["properties"][name])["description"]
    assert list(offered) == list(OPERATORS)
    assert all(both_languages(text) for text in offered.values())
    assert len(set(offered.values())) == len(offered)


def test_entries_that_people_name_themselves_are_explained_too() -> None:
    schema = json.loads((FOLDER / "mapping.schema.json").read_text(encoding="utf-8"))
    table, field = (schema["$defs"][name]["properties"] for name in ("TableShape", "FieldShape"))
    entries = [
        table["values"]["additionalProperties"],
        table["spellings"]["additionalProperties"],
        *field["only_if"]["patternProperties"].values(),
    ]
    assert all(both_languages(entry["description"]) for entry in entries)
