"""The line of a file that a problem points at, for the terminal."""

from __future__ import annotations

from pathlib import Path

from u8sync.text import Place

__all__ = ["excerpt_of"]


def excerpt_of(place: Place) -> tuple[str, str] | None:
    """The line with a caret below the place; null when the file cannot be read."""
    from u8sync.config.located_yaml import excerpt

    try:
        text = Path(place.file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return excerpt(place, text)
