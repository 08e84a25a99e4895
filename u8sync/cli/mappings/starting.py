"""``map init``: a first mapping file, made from the account set itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option
from u8sync.cli.session import Session
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.config.settings import Settings
    from u8sync.report.first_mapping import Draft

__all__ = ["init"]


@click.command(
    "init",
    help=N_(
        "Write a first mapping file from the account set itself: its customer classes, the management types in use with"
        " the number of customers, and its self-defined items with their captions. What U8 does not tell is left for"
        " you to fill in, and nothing is guessed. Names of customers are not read. U8 is only read."
    ),
)
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("The file to write; the mapping file that the configuration names when absent."),
)
@click.option("--overwrite", is_flag=True, help=N_("Replace files that are there already."))
@click.pass_obj
def init(session: Session, *, config: Path, out: Path | None, overwrite: bool) -> ExitCode:
    """Write a first mapping from the account set."""
    from u8sync.bootstrap.starting import look, tier_names
    from u8sync.config.settings import load_settings
    from u8sync.report.first_mapping import USUAL_TIERS, draft_of, mapping_text

    settings = load_settings(config)
    target = settings.mapping if out is None else out
    schemas = _schemas(target)
    _refuse_to_harm(config, settings, target, schemas, overwrite=overwrite)
    tiers = tier_names(settings) or USUAL_TIERS
    draft = draft_of(*look(settings, config.parent, session.progress()), tiers)
    _write(target, mapping_text(draft), schemas)
    _tell(session, draft, target, configured=target.absolute() == settings.mapping.absolute())
    return ExitCode.DONE


# --- files ------------------------------------------------------------------------------------------------------------


def _schemas(target: Path) -> Mapping[Path, str]:
    """The schemas that go beside the mapping: file -> text."""
    from u8sync.config.json_schema import FOLDER
    from u8sync.report.first_mapping import SCHEMA_FOLDER

    folder = target.parent / SCHEMA_FOLDER
    return {folder / path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.schema.json"))}


def _refuse_to_harm(
    config: Path, settings: Settings, target: Path, schemas: Mapping[Path, str], *, overwrite: bool
) -> None:
    """Raise InputError when a file would be lost."""
    for path in (config, settings.policy):
        if target.absolute() == path.absolute():
            raise InputError(
                msg("{file} holds something else than a mapping.", file=str(target)),
                hint=msg("Name another file with --out."),
            )
    others = [path for path, text in schemas.items() if path.exists() and not _holds(path, text)]
    lost = [path for path in (target, *others) if path.exists()]
    if lost and not overwrite:
        raise InputError(
            msg("{file} exists already and is left alone.", file=", ".join(map(str, lost))),
            hint=msg("Name another file with --out, or replace what is there with --overwrite."),
        )


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _write(target: Path, text: str, schemas: Mapping[Path, str]) -> None:
    """Put all files in their places, the mapping last and only when it loads."""
    from u8sync.config.mapping_file import load_mapping
    from u8sync.report.tables import in_place_of

    for folder in dict.fromkeys(path.parent for path in (target, *schemas)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                msg("The folder {folder} cannot be made: {why}", folder=str(folder), why=error.strerror or str(error)),
                hint=msg("Name a file in a folder that exists and may be written."),
            ) from None
    for path, schema in schemas.items():
        if not _holds(path, schema):
            with in_place_of(path, shared=True) as part:
                part.write_text(schema, encoding="utf-8", newline="\n")
    with in_place_of(target, shared=True) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
        load_mapping(part, shown_as=str(target))


# --- what to do next --------------------------------------------------------------------------------------------------


def _tell(session: Session, draft: Draft, target: Path, *, configured: bool) -> None:
    """What was written, what waits for a person, and what to do next."""
    from u8sync.report.first_mapping import TO_DO

    account = draft.account_set
    session.say(
        msg(
            "{file} was written from account set {code} {name}, {customers:,} customers.",
            file=str(target),
            code=account.code,
            name=account.name,
            customers=draft.customers,
        )
    )
    types, classes = draft.management_types, draft.classes
    session.say(
        msg(
            "It holds {types} management types, {classes} top-level customer classes and {items} self-defined items.",
            types=0 if types is None else len(types.lines),
            classes=0 if classes is None else len(classes.lines),
            items=len(draft.items),
        )
    )
    untold = sum(table.untold for table in (types, classes) if table is not None)
    if untold:
        session.say(
            msg(
                "Codes that wait for their meaning: {count}. Look for {mark} in the file.",
                count=untold,
                mark=TO_DO,
            )
        )
    if draft.roles is None:
        session.say(msg("No self-defined item is certain to hold the roles of customers: the field is commented out."))
    if draft.tier is None:
        session.say(
            msg(
                "No self-defined item is certain to be free for the recommended tier: the field is commented out, and"
                " 'u8sync plan' cannot run before it has a column. The file says how."
            )
        )
    else:
        session.say(msg("The recommended tier goes into {column}.", column=draft.tier.column))
    if not configured:
        session.say(msg("To work with it, name it under 'mapping:' in the configuration."))
    session.say(msg("Next: fill in what is missing, then 'u8sync map check' and 'u8sync map coverage'."))
