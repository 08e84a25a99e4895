"""The sections ``logs`` and ``metrics`` of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from u8sync.config.settings import load_settings
from u8sync.config.telling import Logs, Metrics
from u8sync.errors import ConfigError

HEAD = "version: 1\naccount_set: {backend: sqlite}\nmapping: m.yaml\npolicy: p.yaml\n"
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_without_the_sections_each_run_has_its_log_and_nobody_is_told(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, ""))
    assert settings.logs == Logs(None, "info", "auto", "json", 20, 400)
    assert settings.metrics == Metrics(None, None, 10)
    example = load_settings(EXAMPLE)
    assert (example.logs, example.metrics) == (settings.logs, settings.metrics), "the example shows the defaults"


def test_every_key_is_read_and_paths_start_at_the_file(tmp_path: Path) -> None:
    settings = load_settings(
        written(
            tmp_path,
            "logs: {folder: l, level: debug, console: json, file: off, max_mb: 1, keep: 7}\n"
            "metrics: {textfile: t/u.prom, otlp: 'http://127.0.0.1:4318', timeout_s: 3}\n",
        )
    )
    assert settings.logs == Logs(tmp_path / "l", "debug", "json", "off", 1, 7)
    assert settings.metrics == Metrics(tmp_path / "t" / "u.prom", "http://127.0.0.1:4318", 3)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("logs: {level: loud}", "5:15"),
        ("logs: {max_mb: 0}", "5:16"),
        ("logs: {keep: many}", "5:14"),
        ("logs: {folder: ''}", "5:16"),
        ("metrics: {otlp: 'ftp://x'}", "5:17"),
        ("metrics: {otlp: 'http://user:pass@x'}", "5:17"),
        ("metrics: {timeout_s: 121}", "5:22"),
        ("metrics: {textfiel: x}", "5:11"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_settings(written(tmp_path, text + "\n"))
    (problem,) = raised.value.problems
    assert str(problem.place).endswith(f"config.yaml:{place}")
    assert "pass@" not in str(raised.value)
