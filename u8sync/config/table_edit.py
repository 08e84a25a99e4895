"""Changes of a value table put into the mapping file that a person wrote, touching nothing but its lines.

What lives here: where in the text a line stands, the few characters that are replaced or added, and the exchange of the
file. What does not: which lines change (``domain/table_sheet.py``) and how one is spelt (``domain/table_lines.py``).

Why no round trip through a YAML library: ruamel.yaml keeps comments, but already in our own example it takes the braces
away from ``[trim, {table: roles}]`` and moves what people aligned. The parser knows where each text begins and ends, so
only that is replaced; all other bytes stay, line ends and byte order mark among them. The result is loaded and compared
with what was wanted before it takes the old file's place.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeGuard

import yaml

from u8sync.config.mapping_file import load_mapping
from u8sync.config.overlays import laid_over, load_chain
from u8sync.domain.coverage import tables_of
from u8sync.domain.operators.words import BLANKS
from u8sync.domain.table_lines import line, plain_or_quoted, quoted, single_quoted
from u8sync.domain.table_sheet import Change
from u8sync.domain.tables import Match
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.text import Message, Place, msg

__all__ = ["Edit", "Edited", "edit_table", "put_in_place"]

_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What the parser counts as the end of a line."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Edit:
    """One line that changes.

    Attributes:
        place: Where it stands in the new text; for a line that is removed from it, where it stood in the old one.
        kind: What becomes of it.
        left: Its left side.
        before: Its meaning until now; null: there was no such line.
        after: Its new meaning; null: the line goes.
    """

    place: Place
    kind: Literal["changed", "added", "removed"]
    left: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Edited:
    """A mapping file after the changes.

    Attributes:
        path: The file.
        before: Its bytes as they were read.
        after: Its bytes with the changes.
        edits: The changed lines, in the order of the file; removed lines last.
    """

    path: Path
    before: bytes
    after: bytes
    edits: tuple[Edit, ...]


def edit_table(path: Path, shown_as: str, table: str, match: Match, changes: Sequence[Change]) -> Edited:
    """The file with the changes, not written yet.

    A change whose line stands in this file is made there; a line that the file does not have is added below the last
    one of its table, also where a file that this one builds on has it: what stands here then counts, and ``~`` takes a
    line of the other away. The files that this one builds on stay as they are.

    Args:
        path: The mapping file.
        shown_as: Its name in messages.
        table: Name of the table.
        match: What its left sides are; they count without blanks at their ends, except patterns.
        changes: What to do; each left side once.

    Raises ConfigError where the text cannot be changed safely.
    """
    before = path.read_bytes()
    text = before.removeprefix(_BOM).decode("utf-8")
    there = _Text(text, shown_as, table, match)
    below = _lines_below(path, shown_as, table, match)
    gone = [change for change in changes if change.after is None and change.left not in below]
    written = [change for change in changes if change not in gone]
    if any(change.left not in there.pairs for change in gone):
        raise _edited_meanwhile(shown_as)
    removed = [there.place_of(change.left) for change in gone]
    text = there.with_lines(written)
    rest = [change.left for change in gone]
    while rest:
        now = _Text(text, shown_as, table, match)
        # In braces one by one: what two of them take away may be the same comma.
        count = 1 if now.in_braces else len(rest)
        text = now.without(rest[:count])
        rest = rest[count:]
    now = _Text(text, shown_as, table, match)
    edits = [Edit(now.place_of(change.left), _kind(change), *_ends(change)) for change in written]
    edits.sort(key=lambda edit: edit.place)
    edits += [Edit(place, "removed", *_ends(change)) for place, change in zip(removed, gone, strict=True)]
    after = before[: len(before) - len(before.removeprefix(_BOM))] + text.encode("utf-8")
    return Edited(path, before, after, tuple(edits))


def _lines_below(path: Path, shown_as: str, table: str, match: Match) -> frozenset[str]:
    """The left sides that the files below have for this table."""
    chain = load_chain(path, shown_as)[:-1]
    values = laid_over(chain)[0].at(("tables", table, "values")) if chain else None
    return frozenset(_left(key, match) for key in values) if isinstance(values, dict) else frozenset()


def _left(key: str, match: Match) -> str:
    return key if match == "pattern" else key.strip(BLANKS)


def _kind(change: Change) -> Literal["changed", "added", "removed"]:
    if change.after is None:
        return "removed"
    return "added" if change.before is None else "changed"


def _ends(change: Change) -> tuple[str, str | None, str | None]:
    return change.left, change.before, change.after


def put_in_place(edited: Edited, shown_as: str, table: str, wanted: Mapping[str, str], *, dry_run: bool) -> None:
    """Load the changed file beside the old one, and let it take its place when it says what was wanted.

    Args:
        edited: The file.
        shown_as: Its name in messages.
        table: Name of the table.
        wanted: Left side -> meaning of the whole table after the changes.
        dry_run: Whether the old file stays.

    Raises InputError when it would not load, was changed meanwhile, or cannot be written; the old file then stays.
    """
    if edited.after == edited.before:
        return
    # Behind a link: else the link would be replaced by a file.
    path = edited.path.resolve()
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".u8sync-", suffix=path.suffix, dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(edited.after)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, part)
        _check(part, shown_as, table, wanted)
        if path.read_bytes() != edited.before:
            raise _edited_meanwhile(shown_as)
        if not dry_run:
            part.replace(path)
    except OSError as error:
        raise InputError(
            msg("{path} cannot be written: {why}", path=shown_as, why=error.strerror or str(error)),
            hint=msg("Nothing was written. Close the file in other programs, and check its rights and its folder's."),
        ) from None
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _edited_meanwhile(shown_as: str) -> InputError:
    return InputError(
        msg("{path} was edited while it was being read", path=shown_as),
        hint=msg("Nothing was written. Run the command again."),
    )


def _check(part: Path, shown_as: str, table: str, wanted: Mapping[str, str]) -> None:
    try:
        loaded = tables_of(load_mapping(part, shown_as)).get(table)
    except ConfigError as error:
        problems = [
            Problem(None, msg("{place}: {what}", place=_at(each), what=each.message)) for each in error.problems
        ]
        refused = ConfigError(shown_as, problems)
        refused.message = msg("With these changes {path} could not be used any more", path=shown_as)
        refused.hint = msg("Nothing was written. Lines and columns are those after the changes.")
        raise refused from None
    if loaded is None or dict(loaded.meanings) != dict(wanted):
        raise InputError(
            msg("The changes could not be made in {path} without touching other lines", path=shown_as),
            hint=msg("Nothing was written. Put them in by hand; 'u8sync map import --dry-run' lists them."),
        )


def _at(problem: Problem) -> str:
    return "-" if problem.place is None else f"{problem.place.line}:{problem.place.column}"


class _Text:
    """The text of a mapping file with the places of one table's lines.

    Attributes:
        pairs: Left side -> the nodes of key and meaning, for the lines that stand in this file.
    """

    def __init__(self, text: str, file: str, table: str, match: Match) -> None:
        self._text = text
        self._file = file
        self._table = table
        self._root = yaml.compose(text, Loader=_LOADER)
        self._values = _inside(self._root, "tables", table, "values")
        pairs = self._values.value if isinstance(self._values, yaml.MappingNode) else []
        self.pairs: dict[str, tuple[yaml.ScalarNode, yaml.ScalarNode]] = {
            _left(key.value, match): (key, value) for key, value in pairs
        }

    def place_of(self, left: str) -> Place:
        """Where a line begins."""
        mark = self.pairs[left][0].start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def with_lines(self, changes: Sequence[Change]) -> str:
        """The text with these lines: those that it has get their new meaning, the others are added in this order."""
        pieces = [self._meaning(change) for change in changes if change.left in self.pairs]
        new = [change for change in changes if change.left not in self.pairs]
        added = [f"{quoted(each.left)}: ~" if each.after is None else line(each.left, each.after) for each in new]
        if added:
            pieces.append(self._added(added))
        text = self._text
        for start, end, piece in sorted(pieces, reverse=True):
            text = text[:start] + piece + text[end:]
        return text

    @property
    def in_braces(self) -> bool:
        """Whether the lines of the table stand in braces."""
        return isinstance(self._values, yaml.CollectionNode) and bool(self._values.flow_style)

    def without(self, lefts: Sequence[str]) -> str:
        """The text without these lines; in braces only one at a time."""
        text = self._text
        for start, end in sorted(map(self._span, lefts), reverse=True):
            text = text[:start] + text[end:]
        return text

    def _span(self, left: str) -> tuple[int, int]:
        """All that goes with a line: its comment and line end, or its comma."""
        key, value = self.pairs[left]
        start, end = key.start_mark.index, value.end_mark.index
        if self.in_braces:
            behind = re.compile(r"\s*,[ \t]*").match(self._text, end)
            before = re.compile(r",\s*\Z").search(self._text[:start])
            return (start, behind.end()) if behind else (before.start() if before else start, end)
        self._check_one_line(value)
        begin, stop = self._line_start(start), self._line_end(end)
        rest = self._text[end:stop].rstrip("\r\n\x85\u2028\u2029")
        if self._text[begin:start].strip(" ") or not re.fullmatch(r"[ \t]*(?:#.*)?", rest):
            raise self._refusal(
                self.place_of(left), msg("this line cannot be removed: something else stands beside it"), _BY_HAND
            )
        return begin, stop

    def _meaning(self, change: Change) -> tuple[int, int, str]:
        """The characters of a meaning, and what to put there, in the quotes that it had."""
        node = self.pairs[change.left][1]
        self._check_one_line(node)
        after = change.after
        if after is None:
            written = "~"
        elif node.style == "'":
            written = single_quoted(after) or quoted(after)
        else:
            written = quoted(after) if node.style == '"' else plain_or_quoted(after)
        start, end = node.start_mark.index, node.end_mark.index
        # Nothing stands behind the colon, not even a blank.
        return start, end, written if start < end else f" {written}"

    def _check_one_line(self, node: yaml.ScalarNode) -> None:
        if node.style in ("|", ">"):
            raise self._refusal(
                Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1),
                msg("this meaning is written below its line"),
                msg("Put it on the line itself, and import the sheet again."),
            )

    # --- new lines ---

    def _added(self, lines: Sequence[str]) -> tuple[int, int, str]:
        """Where new lines go, and their text."""
        values = self._values
        if isinstance(values, yaml.MappingNode) and values.value:
            last = values.value[-1][1]
            if values.flow_style:
                end = last.end_mark.index
                return end, end, "".join(f", {each}" for each in lines)
            self._check_one_line(last)
            return self._below(last, lines, values.start_mark.column)
        tables, table = _inside(self._root, "tables"), _inside(self._root, "tables", self._table)
        inner = ["values:", *(f"  {each}" for each in lines)]
        outer = [f"{plain_or_quoted(self._table)}:", *(f"  {each}" for each in inner)]
        if values is None and _is_block(table):
            return self._below(table, inner, table.start_mark.column)
        if table is None and _is_block(tables):
            return self._below(tables, outer, tables.start_mark.column)
        if tables is None and _is_block(self._root):
            return self._below(self._root, ["", "tables:", *(f"  {each}" for each in outer)], 0)
        raise self._refusal(
            self._place(table or tables or self._root),
            msg("there is no place for new lines of the table '{table}' here", table=self._table),
            msg("Write its lines one below the other, without braces, and import the sheet again."),
        )

    def _below(self, node: yaml.Node, lines: Sequence[str], column: int) -> tuple[int, int, str]:
        """New lines below all that belongs to a node, indented by so many blanks, with the line ends of the file."""
        end = self._end(node)
        at = self._line_end(end)
        found = _BREAK.search(self._text)
        ending = found.group() if found and found.group() in ("\n", "\r\n", "\r") else "\n"
        block = ending.join(f"{' ' * column}{each}" if each else "" for each in lines)
        if at == len(self._text) and not _BREAK.search(self._text, end):
            return at, at, f"{ending}{block}"
        return at, at, f"{block}{ending}"

    def _end(self, node: yaml.Node) -> int:
        """Where the last text of a node ends; a block's own mark stands before whatever comes next."""
        while isinstance(node, yaml.CollectionNode) and not node.flow_style:
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) else last
        return len(self._text[: node.end_mark.index].rstrip())

    def _line_start(self, index: int) -> int:
        last = None
        for last in _BREAK.finditer(self._text, 0, index):  # noqa: B007 - the last one is wanted
            pass
        return last.end() if last else 0

    def _line_end(self, index: int) -> int:
        """Behind the line end after ``index``; the end of the text where there is none."""
        found = _BREAK.search(self._text, index)
        return found.end() if found else len(self._text)

    def _place(self, node: yaml.Node | None) -> Place:
        mark = node.start_mark if node else None
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file, 1, 1)

    def _refusal(self, place: Place | None, message: Message, hint: Message) -> ConfigError:
        error = ConfigError(self._file, [Problem(place, message, hint)])
        error.hint = msg("Nothing was written.")
        return error


_BY_HAND: Final = msg("Remove it by hand.")


def _inside(node: yaml.Node | None, *route: str) -> yaml.Node | None:
    """What stands there; null when nothing does."""
    for step in route:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for key, value in pairs if key.value == step), None)
    return node


def _is_block(node: yaml.Node | None) -> TypeGuard[yaml.MappingNode]:
    """Whether it is a group of keys, one below the other, that has any."""
    return isinstance(node, yaml.MappingNode) and not node.flow_style and bool(node.value)
