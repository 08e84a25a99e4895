"""The form of one record and the link to the next. Pure: bytes in, values out.

A record is one line: canonical JSON, UTF-8, LF. What is hashed is the exact bytes of the line without its LF, so that
verification depends on no JSON library's habits; that the line is canonical is checked beside it. Each record carries
the hash of the record before it, and that hash is at once the record's leaf in the Merkle tree (``merkle.py``): one
hash of each line serves the chain, the tree and every proof.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any, Final

import msgspec

from u8sync.audit.form import GENESIS, LINE_LIMIT, VERSION
from u8sync.domain.canonical import LARGEST, Json
from u8sync.ports import Record
from u8sync.text import Message, msg

__all__ = ["GENESIS", "LINE_LIMIT", "VERSION", "encode", "has_fields", "link", "may_be", "parse", "read", "write"]

_DEEPEST: Final = 10
"""Most levels of lists and objects in a record; a plan with its rules has six.

A type that holds itself has no name for the library, so that each level doubles what it must take in before the first
record: at ten that takes hundredths of a second, at sixteen seconds of every start.
"""


def _json_type() -> Any:  # noqa: ANN401 - a type that is made at run time
    """The values of the canonical form: no floats, and no integer that another program could not read exactly."""
    scalar = None | bool | Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)] | str
    value: Any = scalar
    for _ in range(_DEEPEST - 1):
        value = scalar | list[value] | dict[str, value]
    return dict[str, value]


_FOREIGN_KEY: Final = re.compile(rb'[\x80-\xff][^"]*":')
"""What a key that is not ASCII looks like; so may a value with a quotation mark."""

_REST: Final = bytes(set(range(128)) - set(b'":'))
"""What may be left out of a line without hiding such a key: what is left is looked through in a tenth of the time."""

_JSON: Final = _json_type()

_Checked: Final = msgspec.defstruct("_Checked", [("record", _JSON)])
"""A record to be checked; the library keeps what it knows of such a class, and of no other type."""

# It finds that out at the first use, and two threads that are first at once end the process (msgspec 0.22): used here,
# where only one can be. The runs of a fleet are threads that open their logs at the same time.
msgspec.convert({"record": {}}, _Checked)

read: Final = msgspec.json.Decoder(_JSON).decode
"""The values in a line. Raises msgspec.MsgspecError, UnicodeDecodeError or RecursionError for what is no record."""

write: Final = msgspec.json.Encoder(order="sorted").encode
"""The canonical line of values that came out of :data:`read`."""


def link(line: bytes) -> str:
    """The hash of a record: what the next one carries as ``prev``, and its leaf in the tree. ``line`` has no LF."""
    return hashlib.sha256(b"\0" + line).hexdigest()


def encode(record: Mapping[str, Json]) -> bytes:
    """The line of a record, without LF. Raises TypeError or ValueError for a value that has no canonical form."""
    # The library would kindly turn an amount or a day into text: only what is text may become it.
    msgspec.convert({"record": record}, _Checked)
    line = write(record)
    if not line.isascii() and _FOREIGN_KEY.search(line.translate(None, _REST)) and not _ascii_keys(record):
        raise ValueError(f"no canonical form: {record!r}")
    return line


def _ascii_keys(value: Json | Mapping[str, Json]) -> bool:
    """RFC 8785 sorts keys in another alphabet than everybody else; for ASCII they agree."""
    if isinstance(value, Mapping):
        return "".join(value).isascii() and all(map(_ascii_keys, value.values()))
    return not isinstance(value, list) or all(map(_ascii_keys, value))


def parse(line: bytes) -> Record | Message:
    """The record that a line (without LF) holds, or what is wrong with the line."""
    try:
        record = read(line)
        canonical = write(record) == line
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        canonical = False
    if not canonical or len(line) >= LINE_LIMIT:
        return msg("the line is not a record in canonical form")
    if not has_fields(record):
        return _missing(record)
    return record  # type: ignore[no-any-return]


def has_fields(record: Mapping[str, Any]) -> bool:
    """Whether the record has what every record has, and is of a format that is known."""
    try:
        return tuple(map(type, _values(record))) == _TYPES and record["v"] == VERSION
    except KeyError:
        return False


def _missing(record: Mapping[str, Any]) -> Message:
    for name, type_ in _FIELDS.items():
        if type(record.get(name)) is not type_:
            return msg("the record has no usable field '{field}'", field=name)
    return msg("the record has the unknown format {version}", version=record["v"])


_FIELDS: Final[Mapping[str, type]] = {
    "v": int,
    "seq": int,
    "prev": str,
    "ts": str,
    "mono_us": int,
    "type": str,
    "run_id": str,
    "target": str,
    "host": str,
    "pid": int,
    "tool_version": str,
}
"""What every record has."""

_TYPES: Final = tuple(_FIELDS.values())
_values: Final = itemgetter(*_FIELDS)


def may_be(line: bytes, types: Sequence[str]) -> bool:
    """Whether a line in canonical form can be a record of one of these types; true for all when none is given."""
    return not types or any(f'"type":"{type_}"'.encode() in line for type_ in types)
