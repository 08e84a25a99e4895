"""Compare-and-set, the deciding half: what an edit means for a row as it is now. Pure, shared by all backends.

A backend reads the rows under its write lock, asks :func:`decide` for each edit, and writes those that have no outcome
yet. The comparison is U8's own: NULL, '' and blanks are the same (see :func:`u8sync.domain.model.same`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from u8sync.domain.model import same
from u8sync.errors import InputError, RefusedError
from u8sync.ports import Edit, EditOutcome, Reading
from u8sync.text import msg

__all__ = ["check_columns", "check_edits", "decide"]


def check_columns(columns: Collection[str], readable: Collection[str]) -> None:
    """Raise InputError when one of ``columns`` cannot be read."""
    unknown = sorted(set(columns) - set(readable))
    if unknown:
        raise InputError(
            msg("The customer archive has no column {columns} that can be read.", columns=", ".join(unknown)),
            hint=msg("Check the column names in the mapping file: U8 versions differ."),
        )


def check_edits(edits: Sequence[Edit], *, readable: Collection[str], writable: Collection[str]) -> None:
    """Refuse a batch before anything of it is sent.

    Raises:
        ValueError: A customer occurs twice, or ``after`` has a column that ``before`` has not.
        RefusedError: A column may not be written.
        InputError: A column cannot be read.
    """
    twice = [code for code, times in Counter(edit.code for edit in edits).items() if times > 1]
    if twice:
        raise ValueError(f"more than one edit for {twice}")
    for edit in edits:
        if not edit.after.keys() <= edit.before.keys():
            raise ValueError(f"edit of {edit.code} writes columns whose value it never saw")
    refused = sorted({column for edit in edits for column in edit.after} - set(writable))
    if refused:
        raise RefusedError(
            msg("u8sync never writes the column {columns} of the customer archive.", columns=", ".join(refused)),
            hint=msg("Columns that may be written: {names}", names=", ".join(sorted(writable))),
        )
    check_columns({column for edit in edits for column in edit.before}, readable)


def decide(edit: Edit, reading: Reading | None, widths: Mapping[str, int]) -> EditOutcome | None:
    """How an edit ends without a write; null when the row is as the plan saw it and is to be written.

    Args:
        edit: The edit.
        reading: The customer's row now, with at least the columns of ``before``; null when there is none.
        widths: Written column -> most characters that it takes.
    """
    if reading is None:
        return EditOutcome(edit.code, "gone", seen={})
    seen = {column: reading.values[column] for column in edit.before}
    if all(same(seen[column], value) for column, value in edit.after.items()):
        return EditOutcome(edit.code, "already_applied", seen, version_before=reading.version)
    if not all(same(seen[column], value) for column, value in edit.before.items()):
        return EditOutcome(edit.code, "conflict", seen, version_before=reading.version)
    for column, value in edit.after.items():
        if value is not None and len(value) > widths[column]:
            detail = f"{column}: {len(value)} > {widths[column]}"
            return EditOutcome(edit.code, "rejected", seen, version_before=reading.version, detail=detail)
    return None
