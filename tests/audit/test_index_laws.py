"""An index answers as the log itself does, however it came about."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from fakes import Quiet
from history_world import FIRST_NIGHT, Night, Try, World, plain_changes, plain_left, plain_newest, plain_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.audit.archiving import archive_segments
from u8sync.audit.checkpoint import new_key
from u8sync.audit.index import open_index
from u8sync.audit.indexed import INDEX
from u8sync.audit.merkle import leaf_hash, root_of, verify_inclusion
from u8sync.audit.proof import prove
from u8sync.audit.questions import changes, left_alone, record_of, runs, tally
from u8sync.audit.reading import iterate, lines_of, segments_of
from u8sync.audit.why import case_of, records_about
from u8sync.domain.logged import Asked
from u8sync.domain.names import OUTCOMES

CUSTOMERS = ("007", "7", "甲", "x'--")
FIELDS = ("tier", "roles")

tries = st.builds(
    Try,
    customer=st.sampled_from(CUSTOMERS),
    status=st.sampled_from(["applied", "applied", "already_applied", "conflict", "gone", "rejected", "unknown", None]),
    fields=st.sampled_from([("tier",), ("roles",), ("tier", "roles")]),
    takes_back=st.booleans(),
)
nights = st.builds(
    Night,
    tries=st.lists(tries, max_size=5).map(tuple),
    skipped=st.dictionaries(
        st.sampled_from(["disabled", "protected"]),
        st.lists(st.sampled_from(CUSTOMERS), min_size=1, max_size=3).map(tuple),
    ),
    held=st.lists(
        st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from([None, "count", "pinned", "edited"])),
        max_size=5,
        unique_by=lambda one: one[0],
    ).map(tuple),
    closes=st.booleans(),
    verdict=st.sampled_from([None, "applied", "not_applied", "conflict"]),
    never_sent=st.integers(0, 2),
    stopped=st.booleans(),
    let_pass=st.booleans(),
    day=st.integers(0, 4),
)
days = st.none() | st.integers(0, 5).map(lambda day: f"2026-11-0{2 + day}T00:00:00.000000Z")


def some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.just(frozenset()) | st.frozensets(st.sampled_from(values), max_size=2)


questions = st.builds(
    Asked,
    customers=some(CUSTOMERS),
    fields=some(FIELDS),
    runs=some(("run-1", "run-2", "run-9")),
    undoes=some(("run-1", "run-2")),
    outcomes=some(OUTCOMES),
    since=days,
    until=days,
)


@settings(max_examples=120, deadline=None)
@given(
    history=st.lists(st.tuples(nights, st.booleans(), st.booleans()), min_size=1, max_size=5),
    asked=st.lists(questions, min_size=1, max_size=3),
    newest=st.none() | st.integers(1, 4),
    segment_bytes=st.sampled_from([1500, 6000, 1 << 20]),
)
def test_an_index_answers_as_the_log_does(
    history: list[tuple[Night, bool, bool]], asked: list[Asked], newest: int | None, segment_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place), segment_bytes)
        for night, look, compress in history:
            world.pass_night(night)
            if compress:
                world.compress()
            if look:
                open_index(world.folder, Quiet()).close()
        for fresh in (False, True):
            with open_index(world.folder, Quiet(), fresh=fresh) as index:
                assert index.temporary == fresh
                for question in asked:
                    plain = plain_changes(world.folder, question)
                    assert list(changes(index, question)) == plain
                    assert list(changes(index, question, newest=newest)) == plain_newest(plain, newest)
                    assert sum(tally(index, question).values()) == len(plain)
                    left = plain_left(world.folder, question)
                    assert list(left_alone(index, question)) == left
                    assert list(left_alone(index, question, newest=newest)) == plain_newest(left, newest)
                    told = plain_runs(world.folder, question)
                    assert list(runs(index, question)) == told
                    assert list(runs(index, question, newest=newest)) == plain_newest(told, newest)
                for customer in CUSTOMERS:
                    by_log = case_of(iterate(world.folder), customer)
                    assert case_of(records_about(index, customer), customer) == by_log


@settings(max_examples=25, deadline=None)
@given(
    history=st.lists(st.tuples(nights, st.booleans()), min_size=1, max_size=4),
    segment_bytes=st.sampled_from([1500, 1 << 20]),
)
def test_an_index_that_grew_is_the_index_that_was_made_at_once(
    history: list[tuple[Night, bool]], segment_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place), segment_bytes)
        for night, look in history:
            world.pass_night(night)
            if look:
                open_index(world.folder, Quiet()).close()
        with open_index(world.folder, Quiet()) as grown, open_index(world.folder, Quiet(), fresh=True) as made:
            for table in ("record", "run", "milestone", "change", "waiting", "undo", "passed_over", "tree", "meta"):
                rows = f"SELECT * FROM {table} ORDER BY 1, 2"
                assert list(grown.rows(rows)) == list(made.rows(rows)), table


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A log of more than two groups of 256 leaves, in several segments, signed after each night."""
    world = World(tmp_path_factory.mktemp("signed"), segment_bytes=60_000, signer=new_key("night"))
    for size in (120, 3, 250, 200):
        world.pass_night(Night(tuple(Try(f"C{number}") for number in range(size))))
    return world


@pytest.mark.parametrize("kept", [True, False], ids=["from the index that is kept", "from a fresh one"])
def test_every_record_is_proved_up_to_the_newest_checkpoint(signed: World, *, kept: bool) -> None:
    lines = list(lines_of(segments_of(signed.folder)))
    leaves = [leaf_hash(line.data) for line in lines]
    with open_index(signed.folder, Quiet(), fresh=not kept) as index:
        proved = 0
        for seq in range(1, index.count + 1):
            found = record_of(index, seq)
            proof = prove(index, found)
            if proof is None:
                continue
            proved += 1
            assert (proof.index, proof.note_seq) == (seq - 1, proof.size + 1)
            root = root_of(leaves[: proof.size])
            assert verify_inclusion(leaves[seq - 1], seq - 1, proof.size, proof.hashes, root)
    assert proved > 1000
    assert index.count - proved <= 2


def test_a_log_whose_beginning_was_moved_away_is_proved_and_asked_all_the_same(signed: World, tmp_path: Path) -> None:
    world = World(tmp_path / "copy", segment_bytes=60_000, signer=signed.signer, nights=4)
    shutil.copytree(signed.folder, world.folder)
    open_index(world.folder, Quiet()).close()
    whole = world.folder / "whole.sqlite"
    shutil.copy(world.folder / INDEX, whole)
    log = world.opened("archive", FIRST_NIGHT)
    archive = tmp_path / "archive"
    archive_segments(log, to=archive, keep=5, progress=Quiet())
    log.close()
    world.pass_night(Night((Try("C1"),)))
    for made_before in (True, False):
        if made_before:
            shutil.copy(whole, world.folder / INDEX)
        else:
            (world.folder / INDEX).unlink()
        with open_index(world.folder, Quiet()) as index:
            assert index.first > 257
            assert index.base.count % 256 or made_before
            assert next(index.rows("SELECT COUNT(*) FROM tree"))[0] > 0
            assert list(changes(index, Asked())) == plain_changes(world.folder, Asked())
            assert list(runs(index, Asked())) == plain_runs(world.folder, Asked())
            assert list(left_alone(index, Asked())) == plain_left(world.folder, Asked())
            proofs = [prove(index, record_of(index, seq)) for seq in range(index.first, index.count - 1)]
            assert all(proof is not None for proof in proofs)
    with open_index(world.folder, Quiet(), archive=archive) as index:
        assert index.first == 1
        assert len(list(changes(index, Asked()))) == 574
        assert prove(index, record_of(index, 5)) is not None
