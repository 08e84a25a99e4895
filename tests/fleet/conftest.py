"""The command line, asked as its users ask it."""

from __future__ import annotations

from cli_home import ask

__all__ = ["ask"]
