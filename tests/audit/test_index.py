"""The index file: made by whoever asks, thrown away without loss, and never believed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest
from fakes import Quiet
from history_world import Night, Try, World, plain_changes

from u8sync.audit.index import open_index
from u8sync.audit.indexed import INDEX, Index
from u8sync.audit.questions import changes, partners_of, record_of
from u8sync.domain.logged import Asked
from u8sync.domain.names import OUTCOMES
from u8sync.domain.run import EndingStatus, LoggedChange
from u8sync.errors import AuditError, InputError

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX users, modes and links")
SUPPORT = Path(__file__).parent.parent / "support"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "audit", segment_bytes=6000)
    world.pass_night(Night(tuple(Try(f"C{number}") for number in range(20))))
    return world


def opened(world: World, *, fresh: bool = False) -> Index:
    return open_index(world.folder, Quiet(), fresh=fresh, wait_s=0.05)


def told(world: World, *, fresh: bool = False) -> list[LoggedChange]:
    with opened(world, fresh=fresh) as index:
        return list(changes(index, Asked()))


def identity(world: World) -> int:
    """Which file the index is."""
    return (world.folder / INDEX).stat().st_ino


def statement(file: Path, *sql: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for one in sql:
            connection.execute(one)


def test_the_first_question_makes_it_and_the_next_ones_bring_it_up_to_date(world: World) -> None:
    assert not (world.folder / INDEX).exists()
    assert told(world) == plain_changes(world.folder, Asked())
    first = identity(world)
    world.pass_night(Night((Try("C3", "conflict"),)))
    assert told(world) == plain_changes(world.folder, Asked())
    assert identity(world) == first


def test_a_run_never_touches_it(world: World) -> None:
    opened(world).close()
    before = (world.folder / INDEX).read_bytes()
    world.pass_night(Night((Try("C3"),)))
    assert (world.folder / INDEX).read_bytes() == before


def test_without_it_the_answers_are_the_same(world: World) -> None:
    before = told(world)
    (world.folder / INDEX).unlink()
    assert told(world) == before
    assert told(world, fresh=True) == before


def garbage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def overwritten(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[100:4096] = b"\xff" * 3996
    file.write_bytes(bytes(data))


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def of_another_program(file: Path) -> None:
    file.unlink()
    statement(file, "CREATE TABLE record (seq INTEGER)")


def with_a_trigger(file: Path) -> None:
    statement(file, "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM change; END")


def of_an_old_format(file: Path) -> None:
    statement(file, "PRAGMA user_version = 0")


def without_its_place(file: Path) -> None:
    statement(file, "DELETE FROM meta")


def with_nonsense_for_a_place(file: Path) -> None:
    statement(file, "UPDATE meta SET value = 'x'")


@pytest.mark.parametrize(
    "spoil",
    [
        garbage,
        overwritten,
        cut_short,
        emptied,
        of_another_program,
        with_a_trigger,
        of_an_old_format,
        without_its_place,
        with_nonsense_for_a_place,
    ],
)
def test_what_cannot_be_used_is_made_again(world: World, spoil: Callable[[Path], None]) -> None:
    before = told(world)
    spoil(world.folder / INDEX)
    assert told(world) == before
    made = identity(world)
    assert told(world) == before
    assert identity(world) == made
    assert [path.name for path in world.folder.glob("index*")] == [INDEX]


def test_the_index_of_another_log_is_made_again(world: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.pass_night(Night((Try("X1"),)))
    opened(other).close()
    shutil.copy(other.folder / INDEX, world.folder / INDEX)
    assert told(world) == plain_changes(world.folder, Asked())


def test_a_log_that_was_put_back_to_an_older_state_is_indexed_again(world: World, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(world.folder, old)
    world.pass_night(Night((Try("C3"),)))
    assert len(told(world)) == 21
    for path in world.folder.glob("seg-*"):
        path.unlink()
    shutil.copytree(old, world.folder, dirs_exist_ok=True)
    assert len(told(world)) == 20
    world.nights = 5
    world.pass_night(Night((Try("C9"), Try("C8"))))
    assert told(world) == plain_changes(world.folder, Asked())


def test_a_record_that_was_changed_since_is_not_shown(world: World) -> None:
    opened(world).close()
    segment = world.folder / "seg-000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"customer":"C1"', b'"customer":"C2"', 1))
    with opened(world) as index, pytest.raises(AuditError) as caught:
        list(changes(index, Asked()))
    assert "is not the record that was indexed" in str(caught.value)
    assert "audit verify" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        pytest.param(lambda data: data.replace(b'"customer":"C1"', b'"customer":"C2"', 1), "line 8", id="a value"),
        pytest.param(lambda data: data.replace(b'{"', b'["', 1), "line 1", id="the form"),
        pytest.param(lambda data: data[data.index(b"\n") + 1 :], "line 1", id="a line that is gone"),
        pytest.param(lambda data: data[:-1], "line", id="an end that is gone"),
    ],
)
def test_a_log_that_is_visibly_not_whole_is_not_indexed(
    world: World, spoil: Callable[[bytes], bytes], line: str
) -> None:
    segment = world.folder / "seg-000001.jsonl"
    whole = segment.read_bytes()
    segment.write_bytes(spoil(whole))
    for fresh in (False, True):
        with pytest.raises(AuditError) as caught:
            opened(world, fresh=fresh)
        assert "seg-000001.jsonl" in str(caught.value)
        assert line in str(caught.value)
    segment.write_bytes(whole)
    assert told(world) == plain_changes(world.folder, Asked())


def test_a_missing_segment_is_told(world: World) -> None:
    (world.folder / "seg-000002.jsonl").unlink()
    with pytest.raises(AuditError, match=r"lacks seg-000002\.jsonl"):
        opened(world)


def test_a_row_that_was_changed_shows_no_other_record(world: World) -> None:
    opened(world).close()
    other = "(SELECT offset FROM record WHERE seq = 5)", "(SELECT length FROM record WHERE seq = 5)"
    statement(world.folder / INDEX, f"UPDATE record SET offset = {other[0]}, length = {other[1]} WHERE seq = 6")
    with opened(world) as index, pytest.raises(AuditError):
        record_of(index, 6)


def test_only_a_fresh_one_shows_that_nothing_was_left_out(world: World) -> None:
    opened(world).close()
    statement(world.folder / INDEX, "DELETE FROM change WHERE customer = 'C7'")
    assert "C7" not in {change.customer for change in told(world)}
    assert "C7" in {change.customer for change in told(world, fresh=True)}


def test_one_that_is_damaged_inside_is_thrown_away_when_that_shows(world: World) -> None:
    opened(world).close()
    file = world.folder / INDEX
    with closing(sqlite3.connect(file)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'change'").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(file.read_bytes())
    data[(root - 1) * page : root * page] = b"\xee" * page
    file.write_bytes(bytes(data))
    with opened(world) as index, pytest.raises(AuditError, match="damaged"):
        list(changes(index, Asked()))
    assert told(world) == plain_changes(world.folder, Asked())


def test_an_unfinished_last_line_is_passed_over_and_read_once_it_is_finished(world: World) -> None:
    last = max(world.folder.glob("seg-*"))
    whole = last.read_bytes()
    cut = whole[:-40]
    last.write_bytes(cut)
    with opened(world) as index:
        before = index.count
    last.write_bytes(whole)
    with opened(world) as index:
        assert index.count == before + 1


def test_compressed_segments_are_read_like_plain_ones(world: World) -> None:
    plain = told(world)
    world.compress()
    assert told(world) == plain
    assert told(world, fresh=True) == plain


@posix
def test_a_link_is_not_followed(world: World, tmp_path: Path) -> None:
    opened(world).close()
    elsewhere = tmp_path / "elsewhere.sqlite"
    (world.folder / INDEX).rename(elsewhere)
    before = elsewhere.read_bytes()
    (world.folder / INDEX).symlink_to(elsewhere)
    world.pass_night(Night((Try("C3"),)))
    assert told(world) == plain_changes(world.folder, Asked())
    assert elsewhere.read_bytes() == before
    assert not (world.folder / INDEX).is_symlink()


@posix
def test_a_pipe_in_its_place_keeps_nobody_waiting(world: World) -> None:
    os.mkfifo(world.folder / INDEX)
    assert told(world) == plain_changes(world.folder, Asked())
    assert (world.folder / INDEX).is_file()


def test_a_folder_in_its_place_makes_the_index_a_temporary_one(world: World) -> None:
    (world.folder / INDEX).mkdir()
    with opened(world) as index:
        assert index.temporary
        assert list(changes(index, Asked())) == plain_changes(world.folder, Asked())


@posix
def test_others_may_not_read_it(world: World) -> None:
    opened(world).close()
    assert (world.folder / INDEX).stat().st_mode & 0o077 == 0


def test_while_another_reader_holds_it_a_temporary_one_answers(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened(world).close()
    world.pass_night(Night((Try("C3"),)))
    with closing(sqlite3.connect(world.folder / INDEX, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with opened(world) as index:
            assert index.temporary
            assert list(changes(index, Asked())) == plain_changes(world.folder, Asked())
            assert list(tmp_path.glob("u8sync-index-*"))
        assert not list(tmp_path.glob("u8sync-index-*"))
    with opened(world) as index:
        assert not index.temporary


READ_ONLY = """
import json, os, sys, tempfile
from pathlib import Path
from fakes import Quiet
from u8sync.audit.index import open_index
from u8sync.audit.questions import changes
from u8sync.domain.logged import Asked
from u8sync.report.terminal.history import history_view
folder = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
with open_index(folder, Quiet()) as index:
    print(json.dumps([index.temporary, index.count, len(list(changes(index, Asked())))]))
"""


@posix
@pytest.mark.parametrize("before", ["no index", "an index of yesterday", "an index of today"])
def test_who_may_not_write_the_folder_asks_all_the_same(before: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place) / "audit")
        world.pass_night(Night((Try("C1"), Try("C2"))))
        if before == "an index of yesterday":
            opened(world).close()
        world.pass_night(Night((Try("C3"),)))
        if before == "an index of today":
            opened(world).close()
        for path in (Path(place), world.root, world.folder, *world.folder.iterdir()):
            path.chmod(0o555 if path.is_dir() else 0o444)
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(READ_ONLY), str(world.folder)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path])},
            capture_output=True,
            text=True,
            check=False,
        )
        for path in (Path(place), world.root, world.folder):
            path.chmod(0o755)
        assert done.returncode == 0, done.stderr
        temporary, count, told_ = json.loads(done.stdout)
        assert temporary == (before != "an index of today")
        assert told_ == 3
        assert count > 10


def test_many_readers_and_a_writer_at_once(world: World) -> None:
    answers: list[int] = []
    wrong: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                with open_index(world.folder, Quiet()) as index:
                    found = list(changes(index, Asked()))
                assert [change.seq for change in found] == sorted(change.seq for change in found)
                answers.append(len(found))
        except BaseException as error:  # noqa: BLE001 - told by the test
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(6):
        world.pass_night(Night(tuple(Try(f"C{number}") for number in range(5))))
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert min(answers) >= 20
    assert len(told(world)) == 50


DYING = """
import os, sys
from pathlib import Path
from fakes import Quiet
from u8sync.audit.index import open_index
class Dying(Quiet):
    def advance(self, units):
        os._exit(9)
open_index(Path(sys.argv[1]), Dying())
"""


@pytest.mark.parametrize("before", [False, True], ids=["while it makes it", "while it brings it up to date"])
def test_a_reader_that_dies_leaves_nothing_that_others_stumble_over(world: World, *, before: bool) -> None:
    if before:
        opened(world).close()
        world.pass_night(Night((Try("C3"),)))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(DYING), str(world.folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path])},
        check=False,
    )
    assert done.returncode == 9
    with opened(world) as index:
        assert not index.temporary
        assert list(changes(index, Asked())) == plain_changes(world.folder, Asked())


@pytest.mark.parametrize("number", [0, 10_000])
def test_a_record_that_is_not_there_is_told(world: World, number: int) -> None:
    with opened(world) as index, pytest.raises(InputError) as caught:
        record_of(index, number)
    assert f"1 to {index.count}" in str(caught.value.hint)


def test_a_change_knows_what_belongs_to_it(world: World) -> None:
    dying = world.pass_night(Night((Try("A", None),), closes=False))
    settling = world.pass_night(Night((Try("A", takes_back=True),)))
    with opened(world) as index:
        ((seq,),) = index.rows("SELECT seq FROM change WHERE customer = 'A' AND undoes IS NULL")
        of_intent = [(one.record["type"], one.record["run_id"]) for one in partners_of(index, record_of(index, seq))]
        ((settle,),) = index.rows("SELECT seq FROM milestone WHERE type = 'settle'")
        of_settle = [(one.record["type"], one.record["run_id"]) for one in partners_of(index, record_of(index, settle))]
        ((back,),) = index.rows("SELECT seq FROM change WHERE customer = 'A' AND undoes IS NOT NULL")
        of_undo = [one.seq for one in partners_of(index, record_of(index, back))]
    assert of_intent == [("run_open", dying), ("plan", dying), ("settle", settling), ("intent", settling)]
    assert of_settle == [("intent", dying), ("run_open", settling), ("plan", settling), ("run_close", settling)]
    assert seq in of_undo


def test_the_names_of_outcomes_are_those_that_changes_have() -> None:
    assert set(OUTCOMES) == {*get_args(EndingStatus), "open"}


class Watched(sqlite3.Connection):
    """A connection that is remembered, and that breaks where it is told to."""

    made: ClassVar[list[sqlite3.Connection]] = []
    breaks_at = "nothing"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made.append(self)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if self.breaks_at in statement:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(statement, *values)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """All connections that are made."""
    monkeypatch.setattr(Watched, "made", [])
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
    return Watched.made


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.cursor()
    except sqlite3.ProgrammingError:
        return True
    return False


def test_a_damaged_file_is_closed_before_it_is_thrown_away(
    world: World, connections: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows removes no file that is open."""
    garbage(world.folder / INDEX)
    open_then: list[sqlite3.Connection] = []
    unlink = Path.unlink

    def watched(path: Path, *, missing_ok: bool = False) -> None:
        open_then.extend(one for one in connections if not is_closed(one))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    opened(world).close()
    assert len(connections) > 1
    assert not open_then
    assert all(map(is_closed, connections))


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("breaks_at", ["PRAGMA cache_size", "SELECT MAX(seq)"])
def test_an_index_that_cannot_be_opened_leaves_nothing_open(
    world: World,
    connections: list[sqlite3.Connection],
    monkeypatch: pytest.MonkeyPatch,
    breaks_at: str,
    fresh: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setattr(Watched, "breaks_at", breaks_at)
    with pytest.raises((AuditError, InputError), match="disk I/O error"):
        opened(world, fresh=fresh)
    assert connections
    assert all(map(is_closed, connections))
