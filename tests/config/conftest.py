"""What the tests of this folder share: a file in, ``line:column message`` for each problem out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from u8sync.errors import ConfigError

Loader = Callable[[Path], object]
Complaints = Callable[[str | bytes, Loader], list[str]]
Expect = Callable[..., None]

MARK = "▲"


@pytest.fixture
def complaints(tmp_path: Path) -> Complaints:
    """Write a file, load it, and list its problems in the order in which they are told."""

    def of(content: str | bytes, load: Loader) -> list[str]:
        path = tmp_path / "file.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        try:
            load(path)
        except ConfigError as error:
            return [
                f"{problem.place.line}:{problem.place.column} {problem.message}"
                if problem.place
                else f"- {problem.message}"
                for problem in error.problems
            ]
        return []

    return of


@pytest.fixture
def expect(complaints: Complaints) -> Expect:
    """Load a file in which a mark stands before each place that must be told, with these messages in this order."""

    def these(marked: str, load: Loader, *messages: str) -> None:
        places = []
        for number, line in enumerate(marked.split("\n"), start=1):
            before = line.split(MARK)[:-1]
            places += [f"{number}:{sum(map(len, before[: index + 1])) + 1}" for index in range(len(before))]
        told = [f"{place} {message}" for place, message in zip(places, messages, strict=True)]
        assert complaints(marked.replace(MARK, ""), load) == told

    return these
