"""What a process is told once that does nothing but one command of u8sync.

What does not live here: language and output, which each command has of its own. The one idea: a program that brings
u8sync along keeps its own settings, so they are made where the process begins and nowhere below.
"""

from __future__ import annotations

import gc
import os

__all__ = ["set_up"]


def set_up() -> None:
    """Set up this process, before anything heavy is imported."""
    # A plan is a million small values and no rubbish among them: looking for it took a good part of the time.
    gc.set_threshold(200_000)
    # Plans, reports and account sets tell who buys how much: for the user and the group, whatever the system says.
    os.umask(os.umask(0o027) | 0o027)
    # A plugin for pydantic that another program brought along would see every configuration; to look for one, pydantic
    # would read what every package says of itself.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What a step of a plan has done with goes back to the system at once: the allocator that polars brings along would
    # keep it for the next step, which rarely asks for as much again. Read when polars is loaded; Windows has another.
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")
