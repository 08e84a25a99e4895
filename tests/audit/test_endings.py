"""Every change with its end, as a stream in the order of the announcements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from told import intent, outcome, record, settle

from u8sync.audit.endings import Ended, changes_in, ended
from u8sync.audit.export import COLUMNS, Filter, rows_of
from u8sync.audit.history import changes_of
from u8sync.ports import Record

LOG = [
    record(1, "run_open"),
    intent(2, "a", "001", becomes="VIP"),
    intent(3, "b", "002", was="VIP", becomes="key"),
    intent(4, "c", "003", becomes="key"),
    outcome(5, "b", "conflict", "002"),
    outcome(6, "a", "unknown"),
    outcome(7, "c", "applied", "003"),
    record(8, "run_close"),
    settle(9, "a", "applied", run="run-2"),
    intent(10, "d", "004", run="run-2"),
    intent(11, "e", "004", run="run-2"),
    outcome(12, "e", "unknown", "004", run="run-2"),
]


def test_each_change_comes_with_its_last_end_in_the_order_of_the_announcements() -> None:
    found = [(one.intent["op_id"], one.status, one.of_end("seq"), one.applied) for one in ended(LOG)]
    assert found == [
        ("a", "applied", 9, True),
        ("b", "conflict", 5, False),
        ("c", "applied", 7, True),
        ("d", "open", None, False),
        ("e", "unknown", 12, False),
    ]


def test_the_stream_says_the_same_as_the_history_of_the_whole_log() -> None:
    stream = [(one.seq, one.customer, one.column, one.before, one.after, one.status) for one in changes_in(LOG)]
    whole = [(one.seq, one.customer, one.column, one.before, one.after, one.status) for one in changes_of(LOG)]
    assert stream == whole


def test_a_change_is_handed_on_as_soon_as_it_and_those_before_it_have_ended() -> None:
    read: list[Record] = []

    def watched() -> Iterator[Record]:
        for one in LOG:
            read.append(one)
            yield one

    stream = ended(watched())
    first = next(stream)
    assert isinstance(first, Ended)
    assert [read[-1]["seq"], first.intent["op_id"]] == [9, "a"]


def rows(**wanted: object) -> list[object]:
    """Numbers of the records that an export has rows of."""
    return [row[COLUMNS.index("record")] for row in rows_of("log", LOG, Filter(**wanted))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        pytest.param({}, [2, 3, 4, 10, 11], id="all"),
        pytest.param({"customers": {"004", "002"}}, [3, 10, 11], id="two customers"),
        pytest.param({"run_id": "run-2"}, [10, 11], id="one run"),
        pytest.param({"since": "2026-11-01T00:00:03.000000Z"}, [3, 4, 10, 11], id="from an instant on, included"),
        pytest.param({"before": "2026-11-01T00:00:03.000000Z"}, [2], id="before an instant, not included"),
    ],
)
def test_an_export_has_the_changes_that_are_wanted(wanted: dict[str, object], numbers: list[int]) -> None:
    assert rows(**wanted) == numbers


def test_a_row_has_a_cell_for_every_column() -> None:
    undo = intent(20, "u", was="VIP", becomes=None, reason=None, undoes={"run_id": "run-1", "op_id": "a"})
    [row] = rows_of("log", [undo, outcome(21, "u")], Filter())
    cells = dict(zip(COLUMNS, row, strict=True))
    assert cells == {
        "log": "log",
        "record": 20,
        "time": "2026-11-01T00:00:20.000000Z",
        "run": "run-1",
        "customer": "001",
        "field": "tier",
        "column": "cCusDefine5",
        "before": "VIP",
        "after": None,
        "was": "VIP",
        "becomes": None,
        "score": None,
        "rule": None,
        "status": "applied",
        "end_record": 21,
        "end_time": "2026-11-01T00:00:21.000000Z",
        "attempts": 1,
        "version_before": None,
        "version_after": None,
        "undoes_run": "run-1",
        "undoes_change": "a",
        "change": "u",
    }
