from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from u8sync.config.checking import SENTENCES, check, check_part, did_you_mean, shown
from u8sync.config.located_yaml import Value, load
from u8sync.config.shapes.mapping import MappingShape
from u8sync.config.shapes.policy import PolicyShape
from u8sync.config.shapes.settings import SettingsShape
from u8sync.errors import ConfigError
from u8sync.text import msg

Complaints = Callable[[str | bytes, Callable[[Path], object]], list[str]]

ROOT = Path(__file__).parents[2]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=1, le=9)


class Options(BaseModel):
    """As a backend might write its own."""

    model_config = ConfigDict(extra="forbid")

    file: Path
    count: int = 3
    share: Decimal = Field(Decimal(0), ge=0, decimal_places=2)
    seconds: float = 1.5
    day: date | None = None
    strict: bool = False
    mode: Literal["read", "write"] = "read"
    names: list[Annotated[str, Field(min_length=1, max_length=3)]] = []
    inner: Inner | None = None
    sizes: dict[str, int] = {}

    @field_validator("file")
    @classmethod
    def _is_relative(cls, value: Path) -> Path:
        if value.name == "taken.db":
            raise ValueError(msg("the file '{file}' is taken", file=value), msg("Choose another."))
        if value.name == "odd.db":
            raise ValueError("in words of a library")
        return value


def options(path: Path) -> Options:
    return check(load(path, "x.yaml"), Options)


def test_texts_become_what_the_model_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "file: a.db\ncount: 007\nshare: 2.50\nseconds: 3\nday: 2026-02-28\nstrict: Yes\nmode: write\nnames: [01, NO]\n"
        "inner: {size: 9}\nsizes: {a: -1}\n",
        encoding="utf-8",
    )
    assert options(path) == Options(
        file=Path("a.db"),
        count=7,
        share=Decimal("2.50"),
        seconds=3.0,
        day=date(2026, 2, 28),
        strict=True,
        mode="write",
        names=["01", "NO"],
        inner=Inner(size=9),
        sizes={"a": -1},
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("count: 1", "1:1 the key 'file' is missing"),
        ("file: a\ncount: 1_000", "2:8 expected a whole number, found '1_000'"),
        ("file: a\ncount: 1.0", "2:8 expected a whole number, found '1.0'"),
        ("file: a\ncount: 0x10", "2:8 expected a whole number, found '0x10'"),
        ("file: a\ncount: ' 1'", "2:8 expected a whole number, found '1'"),
        ("file: a\ncount: ١", "2:8 expected a whole number, found '١'"),
        ("file: a\ncount: '1'\nsizes: {a: 1e3}", "3:12 expected a whole number, found '1e3'"),
        ("file: a\ncount: " + "9" * 5000, "2:8 expected a whole number, found '" + "9" * 59 + "…'"),
        ("file: a\ncount:", "2:7 a value is missing"),
        ("file: a\ncount: [1]", "2:8 expected a whole number, found a list"),
        ("file: a\nshare: 1e2", "2:8 expected a plain number such as 2.5, found '1e2'"),
        ("file: a\nshare: nan", "2:8 expected a plain number such as 2.5, found 'nan'"),
        ("file: a\nshare: 1.", "2:8 expected a plain number such as 2.5, found '1.'"),
        ("file: a\nshare: 1.234", "2:8 must have at most 2 decimal places"),
        ("file: a\nshare: -1", "2:8 must be at least 0, not -1"),
        ("file: a\nseconds: inf", "2:10 expected a plain number such as 2.5, found 'inf'"),
        ("file: a\nday: 86400", "2:6 expected a date (YYYY-MM-DD), found '86400'"),
        ("file: a\nday: 2026-2-1", "2:6 expected a date (YYYY-MM-DD), found '2026-2-1'"),
        ("file: a\nday: 2026-02-30", "2:6 expected a date (YYYY-MM-DD), found '2026-02-30'"),
        ("file: a\nday: 2026-02-01T00:00", "2:6 expected a date (YYYY-MM-DD), found '2026-02-01T00:00'"),
        ("file: a\nstrict: 1", "2:9 expected true or false, found '1'"),
        ("file: a\nstrict: {}", "2:9 expected true or false, found a group of keys"),
        ("file: a\nmode: raed", "2:7 unknown word 'raed'"),
        ("file: a\nmode: [read]", "2:7 expected a text, found a list"),
        ("file: a\nnames: b", "2:8 expected a list, found 'b'"),
        ("file: a\nnames: {b: c}", "2:8 expected a list, found a group of keys"),
        ("file: a\nnames: [b, '']", "2:12 must not be empty"),
        ("file: a\nnames: [b, abcd]", "2:12 must have at most 3 characters"),
        ("file: a\nnames: [b, [c]]", "2:12 expected a text, found a list"),
        ("file: [a]", "1:7 expected a text, found a list"),
        ("file: a\ninner: 5", "2:8 expected a group of keys, found '5'"),
        ("file: a\ninner: {}", "2:1 the key 'size' is missing"),
        ("file: a\ninner: {size: 0}", "2:15 must be at least 1, not 0"),
        ("file: a\ninner: {size: 10}", "2:15 must be at most 9, not 10"),
        ("file: a\ninner: {size: 1, sise: 2}", "2:18 unknown key 'sise'"),
        ("file: a\nsizes: [1]", "2:8 expected a group of keys, found a list"),
        ("file: taken.db", "1:7 the file 'taken.db' is taken"),
        ("file: odd.db", "1:7 'odd.db' cannot be used here"),
    ],
)
def test_what_does_not_fit_is_told_in_our_words(complaints: Complaints, text: str, told: str) -> None:
    assert complaints(text, options) == [told]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("file: a\ninner: {size: 1, sise: 2}", "Did you mean 'size'? Known: size."),
        ("file: a\nMode: read", "Did you mean 'mode'? Known: {known}."),
        ("file: a\nqqq: read", "Known: {known}."),
        ("file: a\nmode: raed", "Did you mean 'read'? Known: read, write."),
        ("file: taken.db", "Choose another."),
    ],
)
def test_the_hint_names_what_is_known(tmp_path: Path, text: str, hint: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        options(path)
    known = "file, count, share, seconds, day, strict, mode, names, inner, sizes"
    assert str(caught.value.problems[0].hint) == hint.format(known=known)


def test_a_part_is_checked_with_the_places_of_the_whole(complaints: Complaints) -> None:
    def part(path: Path) -> Inner:
        return check_part(load(path, "x.yaml"), ("a", "b"), Inner)

    assert complaints("a:\n  b: {size: x, y: 1}\n", part) == [
        "2:13 expected a whole number, found 'x'",
        "2:16 unknown key 'y'",
    ]
    assert complaints("a:\n  b: {}\n", part) == ["2:3 the key 'size' is missing"]
    assert complaints("a:\n  b:\n", part) == ["2:5 a value is missing"]
    assert complaints("a:\n  c: 1\n", part) == ["2:3 a value is missing"]


def test_problems_come_in_the_order_of_the_file(complaints: Complaints) -> None:
    text = "mode: x\nzzz: 1\ninner: {size: 0, b: 1}\ncount: no\n"
    assert complaints(text, options) == [
        "1:1 the key 'file' is missing",
        "1:7 unknown word 'x'",
        "2:1 unknown key 'zzz'",
        "3:15 must be at least 1, not 0",
        "3:18 unknown key 'b'",
        "4:8 expected a whole number, found 'no'",
    ]


def test_a_long_value_is_cut_to_one_line() -> None:
    assert shown("a\n  b\tc") == "a b c"
    assert shown("a\u202eb") == "a?b"
    assert shown("x" * 61) == "x" * 59 + "…"


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert str(did_you_mean("vip", ["VIP", "重要"])) == "Did you mean 'VIP'? Known: VIP, 重要."
    assert str(did_you_mean("xyz", ["VIP", "重要"])) == "Known: VIP, 重要."


JUNK: list[Value] = [
    None,
    "",
    " ",
    "x",
    "a\nb",
    "客" * 100,
    "-1",
    "0",
    "101",
    "1000000",
    "9" * 17,
    "9" * 30,
    "1.23456",
    "12345678901234567.1",
    "1e5",
    "nan",
    "2026-02-30",
    "0000-00-00",
    "Asia",
    "../x",
    [],
    [None],
    [[]],
    ["x", {}],
    {},
    {"x": None},
    {"x": {"y": []}},
    {"": "x"},
]


def spoilt(value: Value) -> Iterator[Value]:
    """The value with each of its parts, one at a time, replaced by junk, left out, or joined by an unknown key."""
    yield from JUNK
    if isinstance(value, dict):
        yield {**value, "unheard_of": "x"}
        for key, inner in value.items():
            yield {other: part for other, part in value.items() if other != key}
            for bad in spoilt(inner):
                yield {**value, key: bad}
    if isinstance(value, list):
        for index, inner in enumerate(value):
            for bad in spoilt(inner):
                yield [*value[:index], bad, *value[index + 1 :]]


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("config.example.yaml", SettingsShape),
        ("mappings/customer.yaml", MappingShape),
        ("mappings/tiers.yaml", PolicyShape),
    ],
)
def test_every_finding_that_our_models_can_make_has_its_sentence(file: str, model: type[BaseModel]) -> None:
    told_elsewhere = {"missing", "extra_forbidden"}
    types: set[str] = set()
    for value in spoilt(load(ROOT / file, file).value):
        types |= finding_types(model, value)
    assert types - told_elsewhere <= set(SENTENCES)
    assert {"missing", "extra_forbidden", "string_type", "value_error"} <= types


def finding_types(model: type[BaseModel], value: Any) -> set[str]:
    try:
        model.model_validate(value)
    except ValidationError as error:
        return {finding["type"] for finding in error.errors()}
    return set()
