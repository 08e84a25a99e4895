"""The auditor's sample: anybody who has the log and the seed draws the same one."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from told import intent, outcome, settle

from u8sync.audit.chain import encode, link
from u8sync.audit.export import Filter
from u8sync.audit.sampling import Move, Sample, allocate, draw, sort_key
from u8sync.errors import InputError
from u8sync.ports import Record

MOVES = [(None, "VIP"), ("VIP", "key"), ("key", "VIP"), ("key", "key")]


def log_of(counts: list[int]) -> list[Record]:
    """So many written changes of each of the moves, and one of each that was not written."""
    records: list[Record] = []
    for number, (was, becomes) in ((n, move) for move, n in zip(MOVES, counts, strict=False) for n in range(n)):
        seq, name = len(records) + 1, f"{was}-{becomes}-{number}"
        reason = None if was == becomes else "tier"
        records += [intent(seq, name, name, was=was, becomes=becomes, reason=reason), outcome(seq + 1, name)]
    seq = len(records) + 1
    return [*records, intent(seq, "x", was="VIP", becomes="none"), outcome(seq + 1, "x", "conflict")]


def names(sample: Sample) -> list[str]:
    return [item.change.op_id for item in sample.items]


def test_the_same_log_and_seed_give_the_same_sample_and_another_seed_another() -> None:
    records = log_of([40, 30, 20])
    first, again, other = (draw(records, Filter(), size=20, seed=seed) for seed in ("1", "1", "2"))
    assert first == again
    assert names(first) != names(other)
    assert len(first.items) == 20


def test_a_sample_can_be_drawn_with_other_tools() -> None:
    """As the workbook describes it, in other words than the product's."""
    records = log_of([40, 30, 20, 10])
    sample = draw(records, Filter(), size=13, seed="种子")
    by_move = defaultdict(list)
    for one in (record for record in records if record["type"] == "intent" and record["op_id"] != "x"):
        [field] = one["fields"]  # type: ignore[misc]
        key = hashlib.sha256(f"种子:{one['op_id']}:{field['column']}".encode()).hexdigest()  # type: ignore[index,call-overload]
        by_move[(field["was"], field["becomes"])].append((key, one["op_id"]))  # type: ignore[index,call-overload]
    # One each; nine are left, shared in proportion to 39, 29, 19, 9 of 96: 3.66, 2.72, 1.78, 0.84.
    drawn = dict(zip(MOVES, (1 + 3, 1 + 3, 1 + 2, 1 + 1), strict=True))
    assert sum(drawn.values()) == 13
    expected = {name for move, count in drawn.items() for _, name in sorted(by_move[move])[:count]}
    assert set(names(sample)) == expected


def test_only_what_was_written_can_be_drawn() -> None:
    sample = draw(log_of([3]), Filter(), size=100, seed="1")
    assert len(sample.items) == 3
    assert sum(sample.population.values()) == 3
    with pytest.raises(InputError, match="no written change"):
        draw(log_of([]), Filter(), size=1, seed="1")


def test_the_days_limit_the_population() -> None:
    sample = draw(log_of([10]), Filter(before="2026-11-01T00:00:04.000000Z"), size=100, seed="1")
    assert [item.change.seq for item in sorted(sample.items, key=lambda one: one.change.seq)] == [1, 3]


def test_a_change_that_an_earlier_run_left_open_is_drawn_when_it_was_found_to_be_written() -> None:
    sample = draw([intent(1, "a"), settle(2, "a", run="run-2")], Filter(), size=1, seed="1")
    assert [(item.change.op_id, item.end_seq) for item in sample.items] == [("a", 2)]


def test_every_kind_of_change_is_in_the_sample_even_when_it_grows_by_that() -> None:
    sample = draw(log_of([100, 1, 1, 1]), Filter(), size=2, seed="1")
    assert list(sample.allocation.values()) == [1, 1, 1, 1]
    assert {item.move for item in sample.items} == set(sample.population)


def test_changes_of_spelling_are_one_stratum_whatever_the_values() -> None:
    spelt = [
        record
        for number, value in enumerate(("a", "b", "c"))
        for record in (
            intent(2 * number + 1, value, was=value, becomes=value, reason=None, field="roles"),
            outcome(2 * number + 2, value),
        )
    ]
    assert draw(spelt, Filter(), size=9, seed="1").population == {Move("roles", None, None, spelling=True): 3}


def test_an_item_names_its_record_and_that_records_hash() -> None:
    records = log_of([2])
    for item in draw(records, Filter(), size=2, seed="1").items:
        assert item.record_hash == link(encode(records[item.change.seq - 1]))
        assert item.end_seq == item.change.seq + 1
        assert item.key == sort_key("1", item.change.op_id, "cCusDefine5")


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12), st.integers(1, 500))
def test_sizes_are_proportional_complete_and_never_more_than_there_are(counts: list[int], size: int) -> None:
    population = {Move("tier", f"{number:02}", "x"): count for number, count in enumerate(counts)}
    given_ = allocate(population, size)
    assert sum(given_.values()) == min(max(size, len(counts)), sum(counts))
    assert all(1 <= given_[move] <= count for move, count in population.items())
    rest, left = sum(given_.values()) - len(counts), sum(counts) - len(counts)
    assert all(abs((given_[move] - 1) * left - rest * (count - 1)) < max(left, 1) for move, count in population.items())
    assert all(
        given_[more] >= given_[fewer] for more in given_ for fewer in given_ if population[more] > population[fewer]
    )


@given(st.permutations(range(8)))
def test_the_order_in_which_changes_were_made_does_not_matter(order: list[int]) -> None:
    records: list[Record] = []
    for seq, number in enumerate(order):
        name = f"op-{number}"
        records += [intent(2 * seq + 1, name), outcome(2 * seq + 2, name)]
    assert (
        names(draw(records, Filter(), size=3, seed="1"))
        == sorted((f"op-{number}" for number in range(8)), key=lambda name: sort_key("1", name, "cCusDefine5"))[:3]
    )
