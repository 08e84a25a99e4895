"""The example files that come with u8sync: the configuration and the mappings, as a demo folder gets them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["example", "example_folder"]


def example_folder() -> Path:
    """Where the example files are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent


def example(name: str) -> str:
    """The text of ``config.example.yaml`` or of a file below ``mappings/``.

    The first line, which tells an editor where the schema is, holds only where the file lies and is left out.
    """
    text = (example_folder() / name).read_text(encoding="utf-8")
    first, rest = text.split("\n", 1)
    return rest if first.startswith("# yaml-language-server:") else text
