"""A disk that is full or fails: without a record nothing is sent, and with a sound disk the next night goes on.

A sample; every call with every error: ``python tests/figures.py --full``.
"""

from __future__ import annotations

from typing import Any

import deaths
import oracle
from killing import CALLS

SEED = 20261124
AUDIT = 74
UNAVAILABLE = 69


def hold(scene: Any, size: int) -> list[deaths.Failed]:
    dice = deaths.dice_of(SEED)
    cases = dice.sample(deaths.failures(deaths.sample(scene.points, size, dice)), size)
    results = []
    for point, error in cases:
        failed = deaths.failing(scene.nursery, scene.site, point, error, scene.planned)
        if failed.log:
            assert failed.code == AUDIT, f"{point} {error}"
            assert failed.sent_after == 0, f"{point} {error}: something was sent after the log had failed"
        else:
            assert failed.code in {0, 2, 69, 75}, f"{point} {error}"
        results.append(failed)
    return results


def test_a_log_that_cannot_be_written_stops_a_night_on_a_file_before_the_next_write(on_file: Any) -> None:
    results = hold(on_file, 20)
    assert any(failed.log for failed in results)
    assert any(not failed.log for failed in results), "the account set's own disk failed too"


def test_a_log_that_cannot_be_written_stops_a_night_over_the_wire(over_wire: Any) -> None:
    results = hold(over_wire, 5)
    assert any(failed.log for failed in results)
    # The disk keeps nothing else but the history and the log of the run: they stop nobody.
    assert {failed.code for failed in results if not failed.log} <= {0, 2}


def test_a_log_or_a_cache_that_cannot_be_written_harms_no_night_through_the_openapi(over_http: Any) -> None:
    results = hold(over_http, 10)
    assert any(failed.log for failed in results)
    assert any(not failed.log for failed in results), "the cache failed too"


def test_no_tier_is_decided_without_the_cost_that_a_cache_could_not_take(over_http: Any) -> None:
    """The last transactions of the cache fail as they end, that of the stock-outs among them."""
    ends = [point for point in over_http.points if point.call == "fdatasync" and point.on.endswith(".db")]
    for point in ends[-2:]:
        failed = deaths.failing(over_http.nursery, over_http.site, point, "EIO", over_http.planned)
        assert failed.code == UNAVAILABLE, f"{point}: {failed.code}"


def test_a_write_that_ends_short_stops_the_night_and_its_bytes_are_a_torn_tail(over_wire: Any) -> None:
    dice = deaths.dice_of(SEED)
    home = over_wire.site.fresh()
    assert over_wire.nursery.run(home, *deaths.RUN).code == 0
    log = oracle.log_below(home / "audit")
    assert log is not None
    size = (log / "seg-000001.jsonl").stat().st_size
    for file_bytes in (dice.randrange(2000, size - 1) for _ in range(3)):
        ended = deaths.short_writes(over_wire.nursery, over_wire.site, file_bytes, over_wire.planned)
        assert ended.code == AUDIT, f"{file_bytes}: {ended.err}"


def test_an_error_of_the_disk_while_the_log_is_closed_is_told_in_words(on_file: Any) -> None:
    last = [point for point in on_file.points if point.on == "HEAD" and point.call == "fsync"][-1]
    failed = deaths.failing(on_file.nursery, on_file.site, last, "EIO", on_file.planned)
    assert failed.code in {0, AUDIT}


def test_every_record_is_on_the_disk_before_anything_is_sent(on_file: Any, over_wire: Any, over_http: Any) -> None:
    """What kill -9 cannot show, because the system keeps its bytes: a power failure would take what is not synced."""
    for scene in (on_file, over_wire, over_http):
        home = scene.site.fresh()
        ended = scene.nursery.run(home, *deaths.RUN, trace=CALLS)
        unsynced: set[str] = set()
        sent = 0
        for line in ended.trace:
            call, _, rest = line.partition("(")
            for name in ("seg-", "HEAD.new"):
                if name in rest and call == "write":
                    unsynced.add(name)
                elif name in rest and call in ("fsync", "fdatasync"):
                    unsynced.discard(name)
            if call == "rename" and "HEAD.new" in rest:
                assert "HEAD.new" not in unsynced, "a name was given to a file that is not on the disk yet"
            if scene.site.touches(line) and "seg-" not in rest:
                sent += 1
                assert "seg-" not in unsynced, f"{line} came before its records were on the disk"
        assert sent > len(scene.planned)
