"""The log of a run knows every secret that the configuration refers to, wherever it is kept."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest

from u8sync.backends import secrets as backend_secrets
from u8sync.bootstrap.secrecy import secrets_in
from u8sync.config.settings import load_settings
from u8sync.telemetry import redaction

HEAD = "version: 1\nmapping: m.yaml\npolicy: p.yaml\n"


def secrets(folder: Path, text: str) -> frozenset[str]:
    path = folder / "config.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return secrets_in(load_settings(path).located, folder)


def secret_file(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(0o600)


def test_secrets_in_the_environment_a_file_and_the_keyring_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("U8SYNC_PASSWORD", "from the environment")
    monkeypatch.setattr(keyring, "get_password", lambda service, user: f"{service} of {user}")
    secret_file(tmp_path, "audit.key", "PRIVATE+KEY+x\n")
    assert secrets(
        tmp_path,
        "account_set: {backend: sqlserver, server: s, password: {env: U8SYNC_PASSWORD}}\n"
        "audit:\n"
        "  key: {file: audit.key}\n"
        "  anchors:\n"
        "    - sqlserver: {server: s, password: {keyring: {service: vault, user: me}}}\n",
    ) == {"from the environment", "PRIVATE+KEY+x", "vault of me"}


def test_every_secret_that_is_used_is_long_enough_to_be_taken_out_of_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert redaction.SHORTEST <= backend_secrets.SHORTEST
    text = "account_set: {backend: sqlserver, password: {env: U8SYNC_PASSWORD}}\n"
    monkeypatch.setenv("U8SYNC_PASSWORD", "q7x")
    assert secrets(tmp_path, text) == frozenset(), "it is used nowhere"
    monkeypatch.setenv("U8SYNC_PASSWORD", "q7xz")
    assert "q7xz" not in redaction.Redactor(secrets(tmp_path, text)).clean("it is q7xz")


def test_the_file_of_the_embedded_account_set_is_no_secret(tmp_path: Path) -> None:
    secret_file(tmp_path, "a.db", "one line")
    assert secrets(tmp_path, "account_set: {backend: sqlite, file: a.db}\n") == frozenset()


def test_a_secret_that_cannot_be_had_is_left_to_the_part_that_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    text = "account_set: {backend: sqlserver, password: {env: NOT_SET}, other: {file: gone.txt}}\n"
    assert secrets(tmp_path, text) == frozenset()
