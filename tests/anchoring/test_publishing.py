"""What is sent where, what is noticed on the way, and what nobody waits for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notes import ORIGIN, note

from u8sync.anchoring.folder import FolderAnchor
from u8sync.anchoring.publishing import RECENT, Missed, collect, publish_all
from u8sync.anchoring.stamps import keep_stamp, stamps_of
from u8sync.domain.standing import standing_of
from u8sync.errors import AuditError, TransientError
from u8sync.ports import Anchor
from u8sync.text import msg


@dataclass
class Shelf:
    """An anchor in memory that notes what is asked of it."""

    name: str = "shelf"
    timeout_s: float = 10.0
    keeps: bool = True
    held: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    evidence: bytes | None = None
    fails: BaseException | None = None

    def publish(self, checkpoint: str) -> bytes | None:
        if self.fails is not None:
            raise self.fails
        self.came.append(checkpoint)
        if self.keeps:
            self.held.append(checkpoint)
        return self.evidence

    def newest(self, origin: str, most: int) -> Sequence[str]:
        if self.fails is not None:
            raise self.fails
        return sorted(self.held, key=lambda text: getattr(standing_of(text), "size", -1))[-most:]


LOG = [note(size) for size in (3, 5, 8)]


@pytest.fixture
def stamps(tmp_path: Path) -> Path:
    return tmp_path / "anchors"


def test_a_new_anchor_gets_all_the_newest_first(stamps: Path) -> None:
    shelf = Shelf()
    assert publish_all([shelf], LOG, stamps) == []
    assert shelf.came == [note(8), note(5), note(3)]


def test_only_what_is_missing_is_sent(stamps: Path) -> None:
    shelf = Shelf(held=[note(5)])
    publish_all([shelf], LOG, stamps)
    assert shelf.came == [note(8), note(3)]
    shelf.came.clear()
    publish_all([shelf], LOG, stamps)
    assert shelf.came == []


def test_without_a_checkpoint_nobody_is_asked(stamps: Path) -> None:
    assert publish_all([Shelf(fails=AssertionError())], [], stamps) == []


def test_a_long_log_is_sent_as_far_back_as_anybody_may_ask(stamps: Path) -> None:
    shelf = Shelf()
    publish_all([shelf], [note(size) for size in range(1, RECENT + 6)], stamps)
    assert len(shelf.came) == RECENT
    assert shelf.came[0] == note(RECENT + 5)


def test_a_slow_anchor_gets_the_newest_and_the_rest_another_time(stamps: Path) -> None:
    seconds = iter([100.0, 105.0, 105.1])
    shelf = Shelf(timeout_s=10.0)
    assert publish_all([shelf], [note(2), *LOG], stamps, monotonic=lambda: next(seconds)) == []
    assert shelf.came == [note(8), note(5)]
    publish_all([shelf], [note(2), *LOG], stamps)
    assert shelf.came == [note(8), note(5), note(3), note(2)]


# --- an anchor that knows more than the log ---------------------------------------------------------------------------


def test_a_log_that_was_put_back_to_an_older_state_is_noticed(stamps: Path) -> None:
    shelf = Shelf(held=[*LOG, note(13)])
    with pytest.raises(AuditError) as caught:
        publish_all([shelf], LOG, stamps)
    assert str(caught.value) == (
        f"The anchor shelf holds a checkpoint of {ORIGIN} with 13 records that the log does not know: the log was"
        " forked or restored."
    )
    assert shelf.came == []


def test_a_restored_log_that_went_on_is_noticed_though_no_size_is_the_same(stamps: Path) -> None:
    shelf = Shelf(held=[note(3), note(5), note(8), note(13)])
    with pytest.raises(AuditError):
        publish_all([shelf], [note(3), note(5), note(10, fork="x"), note(20, fork="x")], stamps)


def test_what_is_older_than_the_log_at_hand_is_no_contradiction(stamps: Path) -> None:
    shelf = Shelf(held=[note(1), note(2)])
    assert publish_all([shelf], LOG, stamps) == []


def test_an_alarm_does_not_keep_the_others_from_getting_theirs(stamps: Path) -> None:
    other = Shelf(name="other")
    with pytest.raises(AuditError):
        publish_all([Shelf(held=[note(8, fork="x")]), other], LOG, stamps)
    assert other.held == [note(8), note(5), note(3)]


@given(
    kept=st.sets(st.integers(1, 30)), lost=st.integers(0, 30), grown=st.sets(st.integers(1, 30), min_size=1, max_size=5)
)
def test_a_rollback_behind_what_an_anchor_holds_is_always_noticed(
    tmp_path_factory: pytest.TempPathFactory, kept: set[int], lost: int, grown: set[int]
) -> None:
    """A log with checkpoints of the sizes ``kept`` is cut to ``lost`` records and grows again by other records."""
    held = [note(size) for size in sorted(kept)]
    rest = [note(size) for size in sorted(kept) if size <= lost]
    again = [*rest, *(note(size, fork="x") for size in sorted(lost + more for more in grown))]
    shelf = Shelf(held=list(held))
    stamps = tmp_path_factory.mktemp("log")
    if rest != held and (rest or max(kept) > lost + min(grown)):
        with pytest.raises(AuditError):
            publish_all([shelf], again, stamps)
    elif rest == held:
        assert publish_all([shelf], again, stamps) == []


# --- one that does not do its work ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TransientError(msg("down")), "down"),
        (ZeroDivisionError("Geheim"), "The anchor shelf failed in an unforeseen way (ZeroDivisionError)"),
        (SystemExit("Geheim"), "The anchor shelf failed in an unforeseen way (SystemExit)"),
    ],
)
def test_whatever_goes_wrong_with_an_anchor_is_told_and_ends_nothing(
    error: BaseException, told: str, stamps: Path
) -> None:
    well = Shelf(name="well")
    (missed,) = publish_all([Shelf(fails=error), well], LOG, stamps)
    assert (missed.anchor, str(missed.message)) == ("shelf", told)
    assert well.held == [note(8), note(5), note(3)]
    collected = collect([Shelf(fails=error), well], ORIGIN)
    assert collected.checkpoints == tuple(LOG)
    assert [str(one.message) for one in collected.missed] == [told]


def test_anchors_are_served_at_the_same_time(stamps: Path) -> None:
    """Each waits until the other is being served too."""
    both = threading.Barrier(2)

    class Meeting(Shelf):
        def publish(self, checkpoint: str) -> bytes | None:
            both.wait(10)
            return super().publish(checkpoint)

    assert publish_all([Meeting(), Meeting(name="other")], LOG[-1:], stamps) == []


def test_one_that_hangs_is_left_behind(stamps: Path) -> None:
    forever = threading.Event()

    class Hung(Shelf):
        def newest(self, origin: str, most: int) -> Sequence[str]:
            forever.wait(60)
            return []

    well = Shelf(name="well")
    try:
        assert publish_all([Hung(timeout_s=0.05), well], LOG, stamps) == [
            Missed(
                "shelf",
                msg("The anchor {anchor} did not answer within {seconds} s", anchor="shelf", seconds="0.05"),
                msg("Nothing waits for it any longer. The checkpoint is sent again with the next run."),
            )
        ]
        assert well.held[0] == note(8)
    finally:
        forever.set()


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_one_that_keeps_nothing_gets_the_newest_once_and_its_answer_is_kept(stamps: Path) -> None:
    service = Shelf(keeps=False, evidence=b"stamp")
    for _ in range(2):
        assert publish_all([service], LOG, stamps) == []
    assert service.came == [note(8)]
    assert [(size, data) for size, _, data in stamps_of(stamps)] == [(8, b"stamp")]
    publish_all([service], [*LOG, note(9)], stamps)
    assert service.came == [note(8), note(9)]
    assert [size for size, _, _ in stamps_of(stamps)] == [8, 9]


def test_each_service_and_each_text_has_its_own_file(stamps: Path) -> None:
    for anchor in ("one", "two"):
        for fork in ("", "x"):
            keep_stamp(stamps, anchor, note(8, fork=fork), f"{anchor}{fork}".encode())
    assert {data for _, _, data in stamps_of(stamps)} == {b"one", b"onex", b"two", b"twox"}


def test_an_answer_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "anchors").write_bytes(b"no folder")
    service = Shelf(keeps=False, evidence=b"stamp")
    (missed,) = publish_all([service], LOG, tmp_path / "anchors")
    assert str(missed.message).startswith(f"The answer of the anchor shelf cannot be kept in {tmp_path / 'anchors'}: ")


def test_where_nothing_is_kept_there_are_no_stamps(tmp_path: Path) -> None:
    assert list(stamps_of(tmp_path / "none")) == []


# --- collecting -------------------------------------------------------------------------------------------------------


def test_what_all_anchors_hold_is_collected_once_the_shortest_log_first(tmp_path: Path) -> None:
    one, two = FolderAnchor(tmp_path / "one"), FolderAnchor(tmp_path / "two")
    for anchor, sizes in ((one, (3, 10)), (two, (10, 5))):
        anchor.root.mkdir()
        for size in sizes:
            anchor.publish(note(size))
    anchors: list[Anchor] = [one, two, Shelf(keeps=False, fails=AssertionError())]
    found = collect(anchors, ORIGIN)
    assert found.checkpoints == (note(3), note(5), note(10))
    assert found.missed == ()


def test_what_is_no_checkpoint_is_handed_on_and_not_hidden() -> None:
    assert collect([Shelf(held=[note(3), "nonsense"])], ORIGIN).checkpoints == ("nonsense", note(3))
