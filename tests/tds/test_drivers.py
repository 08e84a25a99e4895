"""A missing driver is told, and where drivers are required it fails the test."""

from __future__ import annotations

import odbc
import pytest


@pytest.mark.parametrize("driver", odbc.DRIVERS)
def test_a_missing_driver_skips_and_says_what_to_install(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_drivers(monkeypatch)
    monkeypatch.delenv("U8SYNC_REQUIRE_DRIVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"needs .*install"):
        odbc.require(driver)


@pytest.mark.parametrize("driver", odbc.DRIVERS)
def test_a_missing_driver_fails_where_drivers_are_required(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_drivers(monkeypatch)
    monkeypatch.setenv("U8SYNC_REQUIRE_DRIVERS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"needs .*install"):
        odbc.require(driver)


def _without_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odbc, "_pyodbc", lambda: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
