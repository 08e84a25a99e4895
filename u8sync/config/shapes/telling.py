"""The shapes of the sections ``logs`` and ``metrics``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from u8sync.config.shapes.words import FilePath, Shape, Url

__all__ = ["LogsShape", "MetricsShape"]


class LogsShape(Shape):
    """每次运行的日志。The log of each run."""

    folder: FilePath | None = Field(
        default=None,
        description="日志文件夹，每次运行一个文件；缺省在该次运行的文件夹内。"
        "Folder of the logs, one file a run; when absent, each lies in its run's folder.",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="最低级别。Least level that is written."
    )
    console: Literal["auto", "plain", "json", "off"] = Field(
        default="auto",
        description="标准错误输出上的日志：auto 仅在 systemd 日志中。"
        "Lines on standard error; auto: only where systemd's journal reads it.",
    )
    file: Literal["json", "off"] = Field(
        default="json", description="文件中的日志：JSON 行或无。The log's file: JSON lines, or none."
    )
    max_mb: int = Field(
        default=20, ge=1, le=1000, description="一次运行的日志上限，MB。Largest log of one run, megabytes."
    )
    keep: int = Field(
        default=400, ge=1, le=100_000, description="folder 中保留的文件数。Files that are kept in 'folder'."
    )


class MetricsShape(Shape):
    """每次运行结束时写出的指标。Figures that are written at the end of each run."""

    textfile: FilePath | None = Field(
        default=None,
        description="供 node_exporter 读取的 .prom 文件；多个账套可共用。"
        "A .prom file for node_exporter's textfile collector; several account sets may share it.",
    )
    otlp: Url | None = Field(
        default=None,
        description="OpenTelemetry 收集器的地址（OTLP/HTTP）。Address of an OpenTelemetry collector, OTLP over HTTP.",
    )
    timeout_s: int = Field(
        default=10, ge=1, le=120, description="最多等待秒数。Seconds that the collector may hold up a run."
    )
