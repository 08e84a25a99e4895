"""Other numbers put into a copy of a policy file that a person wrote, touching nothing but their digits.

What lives here: where in the text a number stands, and the new file. What does not: which numbers
(``domain/suggestion.py``). As with value tables (``table_edit.py``), the parser knows where each number begins and
ends, so only that is replaced; comments, order, line ends and byte order mark stay. The result is loaded and compared
with what was wanted before it is kept.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Final

import yaml

from u8sync.config.located_yaml import read_bytes
from u8sync.config.policy_file import load_policy
from u8sync.domain.numbers import Numbers, numbers_of
from u8sync.domain.policy import SCORE
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.text import msg

__all__ = ["numbers_text", "save_with_numbers", "with_numbers_in"]

_BOM: Final = b"\xef\xbb\xbf"


def numbers_text(numbers: Numbers) -> str:
    """The numbers as lines to paste into a policy file; the place of each is written out, other keys are left alone."""
    lines = ["score:", *(f"  {metric}: {{weight: {percent}}}" for metric, percent in numbers.weights.items())]
    if numbers.bounds:
        lines.append("tiers:")
        for tier, bound in numbers.bounds.items():
            lines += [f"  - name: {tier}", f"    when: {{{SCORE}: {{at_least: {_digits(bound)}}}}}"]
    return "\n".join(lines)


def with_numbers_in(data: bytes, shown_as: str, numbers: Numbers) -> bytes:
    """The bytes of a policy file that loads, with other numbers.

    Raises ConfigError when the file has no place for one of them.
    """
    text = data.removeprefix(_BOM).decode("utf-8")
    pieces: list[tuple[int, int, str]] = []
    missing: list[str] = []
    for name, node, wanted in _numbers_in(yaml.compose(text, Loader=yaml.SafeLoader), numbers):
        if node is None:
            missing.append(name)
        elif Decimal(node.value) != Decimal(wanted):
            pieces.append((node.start_mark.index, node.end_mark.index, wanted))
    if missing:
        raise _no_place(shown_as, missing)
    for start, end, piece in sorted(pieces, reverse=True):
        text = text[:start] + piece + text[end:]
    return data[: len(data) - len(data.removeprefix(_BOM))] + text.encode("utf-8")


def save_with_numbers(path: Path, shown_as: str, numbers: Numbers, out: Path) -> None:
    """Write a copy of a policy file that differs in these numbers only.

    Args:
        path: The policy file; it is not changed.
        shown_as: Its name in messages.
        numbers: What to put in.
        out: The copy; it must not be there yet.

    Raises ConfigError when the file has no place for the numbers or would not load with them, InputError when the copy
    cannot be written.
    """
    data = with_numbers_in(read_bytes(path, shown_as), shown_as, numbers)
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".u8sync-", suffix=out.suffix, dir=out.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if _sorted(numbers_of(load_policy(part, shown_as=str(out)))) != _sorted(numbers):
            raise InputError(
                msg("The numbers could not be put into a copy of {path} without touching other lines", path=shown_as),
                hint=msg("Nothing was written. Put them in by hand."),
            )
        with out.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise InputError(
            msg("{path} is there already", path=str(out)),
            hint=msg("Nothing was written. Name a file that does not exist yet."),
        ) from None
    except OSError as error:
        raise InputError(
            msg("{path} cannot be written: {why}", path=str(out), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written, and close it in other programs."),
        ) from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _numbers_in(root: yaml.Node | None, numbers: Numbers) -> Iterator[tuple[str, yaml.ScalarNode | None, str]]:
    """Where each number stands, by what people call it; null when there is no such place."""
    score = _child(root, "score")
    named = [key.value for key, _ in score.value] if isinstance(score, yaml.MappingNode) else []
    for metric, percent in numbers.weights.items():
        yield metric, _number(_child(_child(score, metric), "weight")), str(percent)
    for metric in named:
        if metric not in numbers.weights:
            yield metric, None, ""
    tiers = _child(root, "tiers")
    steps = tiers.value if isinstance(tiers, yaml.SequenceNode) else []
    by_name = {name.value: step for step in steps if (name := _number(_child(step, "name"))) is not None}
    for tier, bound in numbers.bounds.items():
        condition = _child(_child(by_name.get(tier), "when"), SCORE)
        yield tier, _number(_child(condition, "at_least")), _digits(bound)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _number(node: yaml.Node | None) -> yaml.ScalarNode | None:
    return node if isinstance(node, yaml.ScalarNode) else None


def _digits(bound: Decimal) -> str:
    """``85`` for 85.0."""
    whole = bound.to_integral_value()
    return f"{whole:f}" if whole == bound else f"{bound:f}"


def _sorted(numbers: Numbers) -> tuple[object, object]:
    return sorted(numbers.weights.items()), sorted(numbers.bounds.items())


def _no_place(shown_as: str, missing: list[str]) -> ConfigError:
    error = ConfigError(
        shown_as,
        [
            Problem(
                None,
                msg("the suggestion and the file do not name the same metrics: {names}", names=", ".join(missing)),
                msg("Put the printed numbers in by hand, or leave --metrics out."),
            )
        ],
    )
    error.hint = msg("Nothing was written.")
    return error
