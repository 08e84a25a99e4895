"""Make the pictures of the README from the demo: ``python tests/support/screenshots.py [FOLDER]``.

Both languages; the top of the report, its changes, and the index of runs. With ``--all`` also on a phone and on a dark
screen, to look at before a release. Needs chromium, see ``tests/system-packages.sh``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from chromium import ARGUMENTS, chromium_path
from playwright.sync_api import sync_playwright

from u8sync.history.store import read_history

HOUSE = Path(__file__).parents[2]
PICTURES = HOUSE / "tests" / "data" / "screenshots"
MOST_BYTES = 200_000
MOST_PIXELS = 3000
VIEWS = {"desk": (1280, 900, "light"), "night": (1280, 900, "dark"), "phone": (390, 844, "light")}


def pages_of(folder: Path, language: str) -> tuple[Path, Path]:
    """The report and the index of a demo in this language; the night after the demo is run, so that there are two."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}

    def u8sync(*words: str) -> None:
        command = [sys.executable, "-m", "u8sync", "--lang", language, *words]
        subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL)

    u8sync("demo", "--dir", "demo")
    config = ("--config", "demo/config.yaml")
    u8sync("run", *config)
    u8sync("report", "--index", *config)
    runs = folder / "demo" / "runs"
    moving = max(read_history(runs).entries, key=lambda entry: len(entry.moves))
    return runs / moving.run_id / moving.files["report"], runs / "index.html"


def shoot(page: Any, path: Path, *, heading: str | None = None, whole: bool = False) -> None:
    """Save what is seen; scrolled to the section with this number when one is named."""
    if heading is not None:
        page.locator(heading).scroll_into_view_if_needed()
        page.evaluate("selector => document.querySelector(selector).scrollIntoView()", heading)
    if not whole:
        page.screenshot(path=str(path))
        return
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], MOST_PIXELS)}
    page.screenshot(path=str(path), full_page=True, clip=clip)


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=PICTURES)
    parser.add_argument(
        "--all", action="store_true", dest="every", help="also the long way down, on a phone and in the dark"
    )
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for language in ("en", "zh"):
            own = Path(scratch) / language
            own.mkdir()
            report, index = pages_of(own, language)
            for name, (width, height, scheme) in VIEWS.items():
                if name != "desk" and not chosen.every:
                    continue
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                end = f"{language}.png" if name == "desk" else f"{name}-{language}.png"
                page.goto(report.as_uri())
                shoot(page, chosen.folder / f"report-{end}")
                shoot(page, chosen.folder / f"changes-{end}", heading="section:has(table.grouped)")
                if chosen.every:
                    shoot(page, chosen.folder / f"whole-report-{end}", whole=True)
                page.goto(index.as_uri())
                shoot(page, chosen.folder / f"index-{end}", whole=chosen.every)
                page.close()
        browser.close()
    for picture in chosen.folder.glob("*.png"):
        if picture.stat().st_size > MOST_BYTES and not chosen.every:
            raise SystemExit(f"{picture} has {picture.stat().st_size} bytes")


if __name__ == "__main__":
    main()
