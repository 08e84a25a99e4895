"""The bytes of an answer, and what a fault makes of them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from u8sync.sandbox.openapi.faults import Fault

__all__ = ["JSON", "TEXT", "Reply", "instead", "written"]

JSON: Final = "application/json; charset=utf-8"
TEXT: Final = "text/html; charset=utf-8"
"""What calls of the platform say of their JSON."""

FIGURES: Final = frozenset(
    {"money", "sum", "tax", "natmoney", "nattax", "natsum", "originalmoney", "originaltax", "originalsum", "quantity"}
    | {"price", "cost", "currencyrate", "timestamp", "page_index", "rows_per_page", "row_count", "page_count"}
)
DIGITS: Final = 5_000
"""More than Python reads as an integer without being asked to."""


@dataclass(frozen=True)
class Reply:
    """What goes out.

    Attributes:
        body: The bytes, perhaps very many.
        content_type: Of the body.
        status: HTTP status.
        headers: Others than content type and length.
        end: ``answer`` is sent; ``close`` and ``reset`` end the connection without one.
        wait_s: Pause before anything is sent; null: until the server stops.
        bytes_per_s: Speed; null for all at once.
    """

    body: bytes = b""
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    end: Literal["answer", "close", "reset"] = "answer"
    wait_s: float | None = 0.0
    bytes_per_s: int | None = None


def instead(fault: Fault) -> Reply | None:
    """What is sent in place of an answer; null when this fault is of another kind."""
    page = f"<html><head><title>提示</title></head><body>{fault.text}</body></html>".encode()
    later = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return {
        "stall": Reply(end="close", wait_s=fault.seconds or None),
        "close": Reply(end="close"),
        "reset": Reply(end="reset"),
        "lost_reply": Reply(end="reset"),
        "late_effect": Reply(end="reset"),
        "redirect": Reply(status=302, headers={"Location": fault.url}),
        "html": Reply(page, TEXT),
        "status": Reply(page, TEXT, status=fault.status, headers=later),
    }.get(fault.what)


def written(payload: Mapping[str, object], content_type: str, faults: Sequence[Fault]) -> Reply:
    """An answer as bytes, after all that these faults do to it."""
    kinds = {fault.what: fault for fault in faults}
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if "nan" in kinds:
        text = _with_figures(text, "NaN")
    if "huge_number" in kinds:
        text = _with_figures(text, "9" * DIGITS)
    if "duplicate_keys" in kinds:
        # The first "code" and every error code stand there a second time, with something else.
        text = re.sub(r'"code":"([^"]*)"', r'"code":"\1","code":"\1x"', text, count=1)
        text = re.sub(r'"errcode":("?)([0-9]*)"?', r'"errcode":\1\2\1,"errcode":\g<1>99098\1', text, count=1)
    if "deep" in kinds:
        depth = min(kinds["deep"].size, 1_000_000)
        text = f'{text[:-1]},"extra":{"[" * depth}{"]" * depth}}}'
    body = text.encode("gbk", errors="replace") if "gbk" in kinds else text.encode()
    if "bom" in kinds:
        body = b"\xef\xbb\xbf" + body
    if "utf16" in kinds:
        body = text.encode("utf-16")
    if "truncated_json" in kinds:
        body = body[: max(1, len(body) * 2 // 3)]
    headers: dict[str, str] = {}
    if "huge" in kinds:
        fault = kinds["huge"]
        body = _huge(body, fault.size, compressed=fault.gzip)
        headers = {"Content-Encoding": "gzip"} if fault.gzip else {}
    speed = kinds["slow"].bytes_per_s if "slow" in kinds else None
    return Reply(body, content_type, headers=headers, bytes_per_s=speed)


def _with_figures(text: str, figure: str) -> str:
    """Every figure is this one, bare."""

    def change(found: re.Match[str]) -> str:
        return f'"{found[1]}":{figure}' if found[1] in FIGURES else found[0]

    return re.sub(r'"([a-z_]+)":(?:"-?[0-9.]*"|-?[0-9.]+)', change, text)


def _huge(body: bytes, size: int, *, compressed: bool) -> bytes:
    """Valid JSON all the same: blanks before the last brace."""
    if not compressed:
        return body[:-1] + b" " * size + body[-1:]
    pack = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return b"".join([*(pack.compress(part) for part in _parts(body, size)), pack.flush()])


def _parts(body: bytes, size: int) -> Iterator[bytes]:
    chunk = 1024 * 1024
    yield body[:-1]
    for sent in range(0, size, chunk):
        yield b" " * min(chunk, size - sent)
    yield body[-1:]
