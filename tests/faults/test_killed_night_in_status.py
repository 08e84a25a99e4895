"""A night that is killed at any moment is not forgotten: the log tells how far it came, ``status`` that it died."""

from __future__ import annotations

import json
from typing import Any

import deaths
import pytest


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_night_shows_as_died_until_the_next_one_has_settled_it(on_file: Any, seed: int) -> None:
    synced = [number for number, point in enumerate(on_file.points) if point.on.startswith("seg-")]
    point = deaths.dice_of(seed).choice(list(on_file.points[synced[4] : synced[-8]]))
    home = on_file.site.fresh()
    assert on_file.nursery.run(home, *deaths.RUN, inject=[point.kill()]).killed_by
    (folder,) = (path for path in (home / "runs").iterdir() if path.is_dir())
    told = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert told[0]["event"] == "run_began"
    assert "run_ended" not in [line["event"] for line in told]
    assert {line["run_id"] for line in told} == {folder.name}

    status = on_file.nursery.run(home, "status", "--json")
    assert status.code == 2
    found = json.loads(status.out)
    assert found["no_end"] == [{"run_id": folder.name, "fate": "died"}]
    assert [concern["key"] for concern in found["concerns"]] == ["died"]

    assert on_file.nursery.run(home, *deaths.RUN).code == 0
    after = on_file.nursery.run(home, "status", "--json")
    assert (after.code, json.loads(after.out)["well"]) == (0, True)
