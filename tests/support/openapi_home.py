"""A folder as a site has one, for an account set that is served as the OpenAPI."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from fakes import Quiet
from openapi_site import SECRET, openapi_settings

from u8sync.sandbox.generator import create_account_set
from u8sync.sandbox.openapi.server import OpenApiServer

__all__ = ["CUSTOMERS", "OpenApiHome", "small_account_set"]

ROOT = Path(__file__).parents[2]
CUSTOMERS: Final = 8


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="u8sync-openapi-home-")


@functools.cache
def small_account_set() -> Path:
    """Few customers, none of them with a tier; made once a process, for copies only."""
    file = Path(_folder().name) / "account-set.db"
    create_account_set(file, customers=CUSTOMERS, months=3, seed=1, until=date(2026, 10, 31), progress=Quiet())
    return file


class OpenApiHome:
    """Configuration, mappings and audit folder for one server; the current folder."""

    def __init__(self, folder: Path, server: OpenApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.server = server
        folder.mkdir()
        shutil.copytree(ROOT / "mappings", folder / "mappings")
        monkeypatch.setenv(SECRET, server.credentials.app_secret)
        monkeypatch.chdir(folder)
        self.configure()

    def configure(self, **options: Any) -> None:
        """Write the configuration; null takes a setting out."""
        own = {"items": {"self_define5": {"length": 60}}, "read_timeout_s": 2, "edit_timeout_s": 2, "calls_per_s": 0}
        settings = {**openapi_settings(self.server), **own, **options}
        lines = [f"  {key}: {json.dumps(value)}" for key, value in settings.items() if value is not None]
        (self.folder / "config.yaml").write_text(
            "version: 1\naccount_set:\n"
            + "\n".join(lines)
            + "\nmapping: mappings/customer.yaml\npolicy: mappings/tiers.yaml\nas_of: 2026-10-31\n"
            + "retry: {tries: 1, budget_s: 1}\n"
            + "runs: {report: false}\n"
            + "guards: {issue_share: 100, share_changed: 100, top_downgrades: 1000}\n",
            encoding="utf-8",
        )
