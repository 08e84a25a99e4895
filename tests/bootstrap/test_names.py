"""The names that everybody asks the room of concrete classes for, each fetched from its module when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from u8sync import bootstrap


@pytest.mark.parametrize("name", bootstrap.__all__)
def test_each_name_is_had_from_one_module_of_the_room(name: str) -> None:
    homes = [module for module, names in bootstrap._HOMES.items() if name in names]
    assert len(homes) == 1
    assert getattr(bootstrap, name).__module__ == f"u8sync.bootstrap.{homes[0]}"


def test_every_name_that_a_module_is_said_to_have_is_offered() -> None:
    assert sorted(bootstrap.__all__) == sorted(name for names in bootstrap._HOMES.values() for name in names)


def test_what_is_no_name_of_it_is_none() -> None:
    with pytest.raises(AttributeError):
        bootstrap.nothing  # noqa: B018
    with pytest.raises(ImportError):
        from u8sync.bootstrap import nothing  # type: ignore[attr-defined] # noqa: F401


def test_the_clock_of_the_machine_needs_no_way_into_u8() -> None:
    code = (
        "import sys\nfrom u8sync import bootstrap\nbootstrap.SystemClock().now()\nfrom u8sync.bootstrap import status\n"
        "print([name for name in ('u8sync.bootstrap.installation', 'polars') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
