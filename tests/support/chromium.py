"""A browser without a window, for tests that look at pages as people do.

A test that asks for one is skipped where there is no Chromium, and fails there when ``U8SYNC_REQUIRE_DRIVERS=1``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

__all__ = ["ARGUMENTS", "Look", "browser", "chromium_path", "look"]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def chromium_path() -> str | None:
    """The browser of the system; null: there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of a module: while it is there this thread has an event loop, and can run no other."""
    path = chromium_path()
    if path is None:
        if os.environ.get("U8SYNC_REQUIRE_DRIVERS") == "1":
            pytest.fail("chromium is missing, and U8SYNC_REQUIRE_DRIVERS=1: see tests/system-packages.sh")
        pytest.skip("no chromium: see tests/system-packages.sh")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@dataclass
class Look:
    """A page as it was opened: what its console said, and what it asked the world for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def look(browser: Any) -> Iterator[Any]:
    """Open a file: ``look(path, width=390, scheme="dark")``. Whatever else it asks for is refused and noted."""
    contexts = []

    def open_it(path: Path, *, width: int = 1280, scheme: str = "light", script: bool = True) -> Look:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        seen = Look(context.new_page())

        def refuse(route: Any) -> None:
            if route.request.url == path.as_uri():
                route.continue_()
            else:
                seen.asked.append(route.request.url)
                route.abort()

        context.route("**/*", refuse)
        seen.page.on("console", lambda line: seen.said.append(line.text))
        seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
        seen.page.goto(path.as_uri())
        return seen

    yield open_it
    for context in contexts:
        context.close()
