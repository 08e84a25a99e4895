"""``map schema``: the JSON Schemas, by which an editor completes, explains and checks files while they are typed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

__all__ = ["schema"]

FOLDERS: Final[Mapping[str, str]] = {
    "mapping": "mappings",
    "policy": "mappings",
    "cases": "mappings",
    "config": ".",
    "fleet": ".",
}
"""Kind of file -> the folder in which such files usually lie."""


@click.command(
    "schema",
    help=N_(
        "Print the JSON Schema of one kind of file, or write all of them into a folder. By it an editor such as VS Code"
        " (extension YAML) completes keys, explains them in Chinese and English, and marks mistakes while you type."
        " Shows the first line that each file needs for that."
    ),
)
@click.argument("kind", required=False, type=click.Choice(list(FOLDERS)))
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help=N_("Write into this folder.")
)
@click.pass_obj
def schema(session: Session, *, kind: str | None, out: Path | None) -> ExitCode:
    """Print or write the JSON Schemas."""
    from u8sync.config.json_schema import FOLDER

    kinds = list(FOLDERS) if kind is None else [kind]
    texts = {each: (FOLDER / f"{each}.schema.json").read_text(encoding="utf-8") for each in kinds}
    if kind is not None and out is None:
        session.emit(texts[kind].rstrip("\n"))
        return ExitCode.DONE
    if out is not None:
        _write(out, texts)
    for each in kinds:
        address = (FOLDER / _name(each)).absolute().as_uri() if out is None else _way_to(out / _name(each), each)
        _tell(session, each, address)
    if out is None:
        session.say(msg("With --out DIR they are copied, so that a project can name them by a short path."))
    return ExitCode.DONE


def _name(kind: str) -> str:
    return f"{kind}.schema.json"


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    from u8sync.report.tables import in_place_of

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            msg("The folder {folder} cannot be made: {why}", folder=str(folder), why=error.strerror or str(error)),
            hint=msg("Name another one with --out."),
        ) from None
    for kind, text in texts.items():
        with in_place_of(folder / _name(kind)) as part:
            part.write_text(text, encoding="utf-8", newline="\n")


def _way_to(file: Path, kind: str) -> str:
    """The file as it is named from where files of this kind lie."""
    try:
        return Path(os.path.relpath(file, FOLDERS[kind])).as_posix()
    except ValueError:  # on another drive
        return file.absolute().as_uri()


def _tell(session: Session, kind: str, address: str) -> None:
    from u8sync.report.terminal.checked import KINDS

    session.say(
        msg("First line of each file in '{folder}' of the kind: {kind}", folder=FOLDERS[kind], kind=KINDS[kind])
    )
    session.out.file.flush()
    session.emit(f"  # yaml-language-server: $schema={address}")
