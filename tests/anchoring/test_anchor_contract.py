"""Every kind of anchor under one suite: what it takes, what it gives back, and what it says when it cannot."""

from __future__ import annotations

import socket
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anchor_site import anchor_site
from notes import ORIGIN, note
from time_stamping import time_stamping

from u8sync.anchoring.folder import FolderAnchor
from u8sync.anchoring.publishing import collect, publish_all
from u8sync.anchoring.timestamp import TimestampAnchor, verify_timestamp
from u8sync.errors import AuditError, BackendError
from u8sync.ports import Anchor


@dataclass
class Place:
    """An anchor, and one of the same kind whose other side is gone, and one that never answers."""

    anchor: Anchor
    down: Anchor
    slow: Anchor


@contextmanager
def silence() -> Iterator[int]:
    """A port where somebody listens and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


class AnchorContract(ABC):
    """The suite; a subclass says how its place is made."""

    @abstractmethod
    def made(self, folder: Path) -> Any:
        """A context manager that gives a :class:`Place`."""

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, self.made(Path(folder)) as place:
            yield place

    def test_what_was_published_is_held_if_anything_is(self, place: Place) -> None:
        place.anchor.publish(note(3))
        place.anchor.publish(note(5))
        assert list(place.anchor.newest(ORIGIN, 9)) == ([note(3), note(5)] if place.anchor.keeps else [])

    def test_the_largest_are_given_back_when_few_are_asked_for(self, place: Place) -> None:
        for size in (10, 9, 100, 1):
            place.anchor.publish(note(size))
        assert list(place.anchor.newest(ORIGIN, 2)) == ([note(10), note(100)] if place.anchor.keeps else [])

    def test_publishing_again_changes_nothing(self, place: Place) -> None:
        place.anchor.publish(note(3))
        place.anchor.publish(note(3))
        assert list(place.anchor.newest(ORIGIN, 9)) == ([note(3)] if place.anchor.keeps else [])

    def test_logs_do_not_mix(self, place: Place) -> None:
        other = note(3, origin="u8sync/sqlite-other-00000000")
        place.anchor.publish(note(3))
        place.anchor.publish(other)
        held = list(place.anchor.newest("u8sync/sqlite-other-00000000", 9))
        assert held == ([other] if place.anchor.keeps else [])
        assert list(place.anchor.newest("u8sync/none", 9)) == []

    def test_one_that_is_down_says_so_without_a_secret(self, place: Place) -> None:
        with pytest.raises(BackendError) as caught:
            place.down.publish(note(3))
        assert place.down.name.split("/")[-1] in str(caught.value) or "127.0.0.1" in str(caught.value)
        assert "Geheim" not in f"{caught.value} {caught.value.hint} {place.down!r} {place.down.name}"

    def test_one_that_is_down_stops_nothing_and_gets_all_it_missed_when_it_is_back(
        self, place: Place, tmp_path: Path
    ) -> None:
        (missed,) = publish_all([place.down], [note(3)], tmp_path / "anchors")
        assert missed.anchor == place.down.name
        assert publish_all([place.anchor], [note(3), note(5)], tmp_path / "anchors") == []
        held = (note(3), note(5)) if place.anchor.keeps else ()
        assert collect([place.anchor], ORIGIN).checkpoints == held

    def test_one_that_never_answers_is_not_waited_for(self, place: Place, tmp_path: Path) -> None:
        (missed,) = publish_all([place.slow], [note(3)], tmp_path / "anchors")
        assert missed.anchor == place.slow.name


class KeepingContract(AnchorContract):
    """For anchors that keep what they get."""

    def test_another_text_of_the_same_size_is_the_alarm_and_does_not_take_its_place(self, place: Place) -> None:
        place.anchor.publish(note(3))
        with pytest.raises(AuditError) as caught:
            place.anchor.publish(note(3, fork="x"))
        assert str(caught.value) == (
            f"The anchor {place.anchor.name} holds another checkpoint of {ORIGIN} with 3 records: the log was forked or"
            " restored."
        )
        assert list(place.anchor.newest(ORIGIN, 9)) == [note(3)]

    def test_a_text_that_is_no_checkpoint_goes_nowhere(self, place: Place) -> None:
        with pytest.raises(ValueError, match="no checkpoint"):
            place.anchor.publish("u8sync/../../x\n3\n")


class TestFolder(KeepingContract):
    @contextmanager
    def made(self, folder: Path) -> Iterator[Place]:
        over = threading.Event()

        class Stalled(FolderAnchor):
            """A share whose server went away: nothing comes back, not even an error."""

            def newest(self, origin: str, most: int) -> list[str]:
                over.wait(60)
                return []

        yield Place(FolderAnchor(folder, 20), FolderAnchor(folder / "gone", 20), Stalled(folder, 0.2))
        over.set()


class OverTheWire(KeepingContract):
    """A table on a server; the script that an administrator runs made it, and the login may add and no more."""

    driver = ""

    @contextmanager
    def made(self, folder: Path) -> Iterator[Place]:
        with anchor_site(folder, self.driver) as site, silence() as silent:
            yield Place(site.anchor(), site.anchor(port=closed_port()), site.anchor(port=silent, timeout_s=1))


class TestFreeTds(OverTheWire):
    driver = "freetds"


class TestMicrosoft(OverTheWire):
    driver = "msodbcsql"


class TestMssqlPython(OverTheWire):
    driver = "mssql-python"


class TestTimestamp(AnchorContract):
    @contextmanager
    def made(self, folder: Path) -> Iterator[Place]:
        with time_stamping(folder) as service, silence() as silent:
            trusted = service.authority.certificates
            yield Place(
                TimestampAnchor(service.url, trusted, 20),
                TimestampAnchor(f"http://127.0.0.1:{closed_port()}/tsr?key=Geheim", trusted, 20),
                TimestampAnchor(f"http://127.0.0.1:{silent}/tsr", trusted, 1),
            )

    def test_the_evidence_is_kept_and_says_when(self, place: Place, tmp_path: Path) -> None:
        assert publish_all([place.anchor], [note(3), note(5)], tmp_path / "anchors") == []
        (kept,) = (tmp_path / "anchors").iterdir()
        assert kept.name.startswith("000000000005-")
        assert kept.suffix == ".tsr"
        assert isinstance(place.anchor, TimestampAnchor)
        assert verify_timestamp(kept.read_bytes(), note(5), place.anchor.certificates.read_bytes())
