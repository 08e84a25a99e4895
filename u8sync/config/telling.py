"""How runs tell machines of themselves: the sections ``logs`` and ``metrics`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from u8sync.config.shapes.telling import LogsShape, MetricsShape

__all__ = ["Logs", "Metrics", "logs_of", "metrics_of"]


@dataclass(frozen=True)
class Logs:
    """The log of each run.

    Attributes:
        folder: Where the files lie, one a run; null: each in the folder of its run.
        level: Least level that is written.
        console: What goes to standard error; ``auto``: plain lines where systemd's journal reads it, else nothing.
        file: ``json``: lines of JSON; ``off``: no file.
        max_mb: Largest file, megabytes.
        keep: Files that are kept in ``folder``.
    """

    folder: Path | None = None
    level: Literal["debug", "info", "warning", "error"] = "info"
    console: Literal["auto", "plain", "json", "off"] = "auto"
    file: Literal["json", "off"] = "json"
    max_mb: int = 20
    keep: int = 400


@dataclass(frozen=True)
class Metrics:
    """Figures of each run.

    Attributes:
        textfile: The file for the textfile collector; null: none.
        otlp: Address of an OpenTelemetry collector; null: none.
        timeout_s: How long the collector may hold up a run, seconds.
    """

    textfile: Path | None = None
    otlp: str | None = None
    timeout_s: int = 10


def logs_of(shape: LogsShape, folder: Path) -> Logs:
    """The section as it is used; relative paths start at ``folder``."""
    return Logs(
        folder=None if shape.folder is None else folder / shape.folder,
        level=shape.level,
        console=shape.console,
        file=shape.file,
        max_mb=shape.max_mb,
        keep=shape.keep,
    )


def metrics_of(shape: MetricsShape, folder: Path) -> Metrics:
    """The section as it is used; relative paths start at ``folder``."""
    return Metrics(
        textfile=None if shape.textfile is None else folder / shape.textfile,
        otlp=shape.otlp,
        timeout_s=shape.timeout_s,
    )
