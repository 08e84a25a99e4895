"""The table of backends: names to modules, and nothing imported that was not chosen."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from u8sync.backends import BACKENDS, BackendKind, backend_kind
from u8sync.errors import InputError


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_every_backend_of_the_table_can_be_loaded(name: Any) -> None:
    kind = backend_kind(name)
    assert isinstance(kind, BackendKind)
    assert kind.options.model_config["extra"] == "forbid"
    assert all(field.description for field in kind.options.model_fields.values())


def test_an_unknown_backend_is_an_input_error_that_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="orakel") as caught:
        backend_kind("orakel")
    assert "sqlite" in str(caught.value.hint)


def test_choosing_none_imports_neither_database_library_nor_pydantic() -> None:
    script = "import sys, u8sync.backends; print(sorted({'sqlalchemy', 'pydantic'} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "options", [{}, {"file": ""}, {"file": "x", "fiel": "y"}, {"file": "x", "busy_timeout_s": -1}, {"file": 5}]
)
def test_wrong_options_are_refused(options: Any) -> None:
    with pytest.raises(ValidationError):
        backend_kind("sqlite").options.model_validate(options)
