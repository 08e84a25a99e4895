"""The audit log on the terminal: whether it is whole, and what was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType

from u8sync.report.terminal.blocks import Writer
from u8sync.text import Message, Translate, msg

__all__ = ["verification_view"]


def verification_view(
    *,
    name: str,
    records: int,
    segments: int,
    head: str,
    faults: Sequence[tuple[Message, Message]],
    open_intents: int,
    torn: int,
    proofs: Iterable[Message],
    translate: Translate,
) -> RenderableType:
    """The check of one audit log.

    Args:
        name: The log's folder.
        records: Number of records that were checked.
        segments: Number of files that they stand in.
        head: Hash of the last record, hex; shown in full, because people compare it with a copy kept elsewhere.
        faults: Where, and what is wrong there; every one is shown.
        open_intents: Changes that a run announced and whose end is not recorded.
        torn: Bytes of a last line that was never finished; 0: none.
        proofs: What signatures and checkpoints prove, and what they do not.
        translate: The language.
    """
    write = Writer(translate)
    verdict = (
        msg("Audit log {name}: NOT whole, {count} fault(s)", name=name, count=f"{len(faults):,}")
        if faults
        else msg("Audit log {name}: whole", name=name)
    )
    parts: list[RenderableType] = [
        write.title(verdict),
        write.facts(
            [
                (msg("Records"), f"{records:,}"),
                (msg("Files"), f"{segments:,}"),
                (msg("Last hash"), head),
                (msg("Open changes"), f"{open_intents:,}"),
            ]
        ),
    ]
    if faults:
        parts.append(write.heading(msg("Faults")))
        parts.append(write.table([(msg("Where"), "left"), (msg("What is wrong"), "left")], faults))
    if listed := list(proofs):
        parts.append(write.heading(msg("What is proved")))
        parts += [write.line(proof) for proof in listed]
    if open_intents:
        parts.append(
            write.line(msg("The open changes have no recorded end; the next run reads U8 and settles them."), above=1)
        )
    if torn:
        parts.append(
            write.line(
                msg(
                    "A last line was never finished ({bytes} bytes): the next run puts it aside and says so.",
                    bytes=torn,
                ),
                above=1,
            )
        )
    return Group(*parts)
