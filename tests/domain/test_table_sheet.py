"""What goes out on a sheet, and what follows when it comes back to a table that others may have edited meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.coverage import ValueLine
from u8sync.domain.table_sheet import Answer, Change, Exported, merge, sheet_rows

TEXT = st.text(max_size=8)


def exported(lines: Mapping[str, str], seen: tuple[str, ...] = ()) -> Exported:
    return Exported("roles", "m.yaml", "exact", dict(lines), seen, {}, {})


def answer(left: str, meaning: str | None) -> Answer:
    return Answer(left, meaning, f"T!E{left}")


def test_what_is_open_comes_first_and_then_the_lines_in_their_order(world: Any) -> None:
    table = world.table("roles", {"01": "a", "02": "b"})
    first, second = table.entries
    others = {
        "x": ValueLine("x", 9, None, "x", "kept"),
        "y": ValueLine("y", 2, None, None, "unmapped"),
        " z": ValueLine(" z", 5, None, None, "unmapped"),
    }
    rows = sheet_rows(table, {second: 7}, others, {"02": "Two", "y": "Why"})
    assert [(row.value, row.name, row.customers, row.state, row.meaning) for row in rows] == [
        ("y", "Why", 2, "unmapped", None),
        ("x", None, 9, "kept", None),
        (first.raw, None, 0, "never", "a"),
        (second.raw, "Two", 7, "mapped", "b"),
    ], "a value with blanks before it can have no line"


@given(
    lines=st.dictionaries(TEXT, TEXT, max_size=4),
    seen=st.lists(TEXT, max_size=4),
    texts=st.dictionaries(TEXT, TEXT, max_size=2),
    meanings=st.dictionaries(TEXT, TEXT, max_size=2),
)
def test_what_a_sheet_was_made_from_is_read_back(
    lines: dict[str, str], seen: list[str], texts: dict[str, str], meanings: dict[str, str]
) -> None:
    out = Exported("对照", "m.yaml", "prefix", lines, tuple(seen), texts, meanings)
    written = list(out.written())
    assert all(line.isascii() and line.isprintable() for line in written)
    assert Exported.read(written) == out


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_what_was_changed_by_hand_is_not_believed(at: int) -> None:
    written = list(exported({"01": "a", "02": "b"}, ("03",)).written())
    changed = [*written[:at], written[at].replace("0", "1").replace("roles", "rolls"), *written[at + 1 :]]
    assert changed != written
    assert Exported.read(changed) is None
    assert Exported.read([*written[:at], *written[at + 1 :]]) is None


@pytest.mark.parametrize(
    "written",
    [
        [],
        [""],
        ["{"],
        ["[]"],
        ["{}"],
        ["1", "2"],
        ["[" * 30_000],
        [json.dumps({"format": 1, "table": 5, "mapping": "m", "match": "exact", "digest": "x"})],
        [json.dumps({"format": 1, "table": "t", "mapping": "m", "match": "exact", "digest": "x"}), '["line", 1.5, {}]'],
    ],
)
def test_anything_else_is_not_believed_either(written: list[str]) -> None:
    assert Exported.read(written) is None


CASES = {
    "nothing filled in": (None, None, None, "nothing"),
    "as it went out": ("a", "a", "a", "nothing"),
    "filled in": (None, None, "a", "added"),
    "another meaning": ("a", "a", "b", "changed"),
    "emptied": ("a", "a", None, "emptied"),
    "edited meanwhile, untouched in the sheet": ("a", "b", "a", "nothing"),
    "removed meanwhile, untouched in the sheet": ("a", None, "a", "nothing"),
    "added meanwhile, open in the sheet": (None, "a", None, "nothing"),
    "both came to the same": ("a", "b", "b", "nothing"),
    "both filled in the same": (None, "a", "a", "nothing"),
    "both removed it": ("a", None, None, "nothing"),
    "both changed it": ("a", "b", "c", "conflict"),
    "both filled it in": (None, "a", "b", "conflict"),
    "removed meanwhile, changed in the sheet": ("a", None, "b", "conflict"),
    "changed meanwhile, emptied in the sheet": ("a", "b", None, "emptied conflict"),
}


@pytest.mark.parametrize(("base", "now", "mine", "becomes"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("remove_empty", [False, True])
def test_three_ways(*, base: str | None, now: str | None, mine: str | None, becomes: str, remove_empty: bool) -> None:
    out = exported({} if base is None else {"1": base})
    found = merge(out, {} if now is None else {"1": now}, [answer("1", mine)], remove_empty=remove_empty)
    changes: tuple[Change, ...] = ()
    if becomes in {"added", "changed"} or (becomes == "emptied" and remove_empty):
        changes = (Change("1", now, mine),)
    conflict = becomes == "conflict" or (becomes == "emptied conflict" and remove_empty)
    assert found.changes == changes
    assert [(each.exported, each.now, each.answer.meaning) for each in found.conflicts] == [
        (base, now, mine)
    ] * conflict
    assert found.emptied == (("1",) if "emptied" in becomes and not remove_empty else ())


MEANINGS = st.sampled_from(["a", "b", "c"])
LINES = st.dictionaries(st.sampled_from("1234"), MEANINGS)


@given(base=LINES, now=LINES, mine=LINES, remove_empty=st.booleans())
def test_a_sheet_that_was_merged_once_changes_nothing_more(
    *, base: dict[str, str], now: dict[str, str], mine: dict[str, str], remove_empty: bool
) -> None:
    answers = [answer(left, mine.get(left)) for left in "1234"]
    found = merge(exported(base), now, answers, remove_empty=remove_empty)
    after = {**now, **{change.left: change.after for change in found.changes}}
    again = merge(
        exported(base), {left: m for left, m in after.items() if m is not None}, answers, remove_empty=remove_empty
    )
    assert again.changes == ()
    assert again.conflicts == found.conflicts
