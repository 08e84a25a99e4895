"""What ``doctor`` says of anchors."""

from __future__ import annotations

from pathlib import Path

from time_stamping import time_stamping

from u8sync.anchoring.checks import examine_anchors
from u8sync.anchoring.folder import FolderAnchor
from u8sync.anchoring.timestamp import TimestampAnchor


def test_each_anchor_is_tried_and_nothing_is_left_there(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    with time_stamping(tmp_path / "service") as service:
        anchors = [
            FolderAnchor(tmp_path / "share"),
            FolderAnchor(tmp_path / "gone"),
            TimestampAnchor(service.url, service.authority.certificates),
            TimestampAnchor(service.url, tmp_path / "none.pem"),
        ]
        found = list(examine_anchors(anchors))
    assert [check.status for check in found] == ["ok", "warning", "ok", "warning"]
    assert str(found[0].topic) == f"Anchor {tmp_path / 'share'}"
    assert all(check.hint is not None for check in found if check.status == "warning")
    assert list((tmp_path / "share").iterdir()) == []


def test_without_anchors_there_is_nothing_to_say() -> None:
    assert list(examine_anchors([])) == []
