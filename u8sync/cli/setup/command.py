"""``init``: the road from nothing to a first plan. What is written is written at the end, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from u8sync.cli.keeping import made_key
from u8sync.cli.sandboxing import LAST_DAY
from u8sync.cli.session import Session
from u8sync.cli.setup.answers import ACCOUNT_SET_FILE
from u8sync.cli.setup.asker import Asker
from u8sync.cli.setup.given import NOT_ASKED, given_answers
from u8sync.cli.setup.placing import lost, put_in_place, staging
from u8sync.cli.setup.questions import first_questions
from u8sync.cli.setup.telling import say_next, say_what_was_written, warn_of_folder
from u8sync.cli.setup.terminal import Terminal
from u8sync.cli.setup.trying import Trial
from u8sync.errors import BackendError, ExitCode, InputError, U8SyncError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.report.first_mapping import Draft

__all__ = ["init"]

CONFIG: Final = "config.yaml"
MAPPING: Final = "mappings/customer.yaml"
POLICY: Final = "mappings/tiers.yaml"
KEY: Final = "audit.key"
EARLIER: Final = ".u8sync-init.json"
"""The answers of a try that did not reach U8; no secret is among them."""


@click.command(
    help=N_(
        "Begin: ask a few questions, reach U8, and write a commented configuration, a mapping made from the account set"
        " and a policy. Then check everything and show the first plan. Nothing is written to U8. Every question has an"
        " option; with --yes what is usual is taken. Ends with 0 when a run can do its work, 69 when something stands"
        " in its way."
    ),
)
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=Path(), help=N_("The folder; the current one.")
)
@click.option("--yes", is_flag=True, help=N_("Take what is usual wherever no option answers."))
@click.option("--force", is_flag=True, help=N_("Replace files that are there; the old ones are kept as .bak."))
@click.option("--sandbox", is_flag=True, help=N_("Practise on a made-up account set: --backend practice."))
@click.option("--customers", type=int, default=1000, show_default=True, help=N_("Customers of the made-up one."))
@click.option("--backend", type=click.Choice(["practice", "sqlserver", "openapi"]), help=N_("The way into U8."))
@click.option("--server", help=N_("The SQL Server: host, host\\instance, or host,port."))
@click.option("--login", help=N_("Log in to SQL Server by this name."))
@click.option("--windows", is_flag=True, help=N_("Log in to SQL Server with the Windows account."))
@click.option("--driver", help=N_("Name or file of the ODBC driver; the best one installed when absent."))
@click.option("--trust-certificate", is_flag=True, help=N_("Do not check the server's certificate."))
@click.option("--no-encryption", is_flag=True, help=N_("Do not encrypt the connection."))
@click.option("--insecure-reason", help=N_("Why your site accepts that."))
@click.option("--account", help=N_("Code of the account set."))
@click.option("--url", help=N_("Address of the OpenAPI's gateway."))
@click.option("--from-account", help=N_("The OpenAPI's caller."))
@click.option("--to-account", help=N_("The enterprise that has U8."))
@click.option("--app-key", help=N_("Code of the app."))
@click.option("--ds-sequence", help=N_("Number of the data source."))
@click.option("--tier-item", help=N_("The item that takes the tier, self_define1 to self_define10."))
@click.option("--tier-length", help=N_("How many characters it holds."))
@click.option("--tier-column", help=N_("The column that takes the tier, or 'none'."))
@click.option("--password-env", metavar="NAME", help=N_("The secret is in this environment variable."))
@click.option("--password-file", metavar="FILE", help=N_("The secret is in this file of the folder."))
@click.option("--password-keyring", metavar="SERVICE", help=N_("The secret is in the system's keyring."))
@click.option("--as-of", metavar="DAY", help=N_("today, last_month_end or a day."))
@click.option("--timezone", metavar="ZONE", help=N_("Time zone such as Asia/Shanghai."))
@click.option("--audit-folder", metavar="FOLDER", help=N_("Folder of the audit log."))
@click.option("--sign/--no-sign", default=None, help=N_("Whether a key is made that signs the audit log."))
@click.pass_context
def init(
    ctx: click.Context,
    /,
    *,
    folder: Path,
    yes: bool,
    force: bool,
    customers: int,
    **options: Any,  # noqa: ANN401
) -> ExitCode:
    """Begin: a few questions, then configuration, mapping and first plan."""
    session: Session = ctx.obj
    given = given_answers(options)
    _refuse_to_harm(folder, force=force)
    asker = Asker(session, Terminal(), given, _earlier(folder), yes)
    if asker.terminal.attended:
        session.say(msg("A few questions. {help} explains one, {back} goes back, Ctrl+C leaves.", help="?", back="<"))
    try:
        trial, draft, kept = _set_up(asker, folder, customers, force=force)
    except (KeyboardInterrupt, EOFError):
        session.note(msg("Left. Nothing was written."))
        return ExitCode.TEMPORARY
    with suppress(FileNotFoundError):
        (folder / EARLIER).unlink()
    say_what_was_written(session, folder, draft, kept)
    return _first_look(ctx, folder, trial, draft)


def _set_up(asker: Asker, folder: Path, customers: int, *, force: bool) -> tuple[Trial, Draft, Sequence[Path]]:
    """Ask, try, and put all files in their places; what it went by, and where old files are kept."""
    session, given = asker.session, asker.given
    with staging(folder) as stage:
        answers = {name: given[name] for name in NOT_ASKED & given.keys()}
        answers = asker.ask_all(first_questions(), answers)
        warn_of_folder(session, folder / answers["audit_folder"])
        practice = answers["backend"] == "practice"
        if practice:
            _make_account_set(session, folder, stage, customers, force=force)
        trial = Trial(asker, answers, folder, stage, LAST_DAY if practice else None)
        draft = _reach(trial, folder, stage)
        _fill(trial, draft, folder, stage)
        try:
            kept = put_in_place(stage, folder)
        except BaseException:
            if trial.secret is not None:
                trial.secret.take_back()
            raise
    return trial, draft, kept


# --- files ------------------------------------------------------------------------------------------------------------


def _refuse_to_harm(folder: Path, *, force: bool) -> None:
    """Raise InputError when there is something already, before a person has answered anything."""
    if folder.exists() and not folder.is_dir():
        raise InputError(msg("{path} is no folder.", path=str(folder)), hint=msg("Name another one with --dir."))
    there = [] if force else lost(folder, [(CONFIG, None), (MAPPING, None), (POLICY, _policy())])
    if there:
        raise InputError(
            msg("{file} exists already and is left alone.", file=", ".join(there)),
            hint=msg("Name another folder with --dir, or use --force: the old files are kept as .bak."),
        )


def _policy() -> bytes:
    from u8sync.sandbox.examples import example

    return example(POLICY).encode()


def _earlier(folder: Path) -> dict[str, str]:
    """The answers of a try that did not reach U8; none when there was none."""
    try:
        found = json.loads((folder / EARLIER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _make_account_set(session: Session, folder: Path, stage: Path, customers: int, *, force: bool) -> None:
    from u8sync.sandbox.generator import create_account_set

    there = folder / ACCOUNT_SET_FILE
    if there.exists() and not force:
        raise InputError(
            msg("{file} exists already and is left alone.", file=str(there)),
            hint=msg("Name another folder with --dir, or use --force: the old files are kept as .bak."),
        )
    create_account_set(
        stage / ACCOUNT_SET_FILE,
        customers=customers,
        months=24,
        seed=1,
        until=LAST_DAY,
        overwrite=False,
        progress=session.progress(),
    )


def _reach(trial: Trial, folder: Path, stage: Path) -> Draft:
    """Reach U8 and look at it; where that fails, the answers are kept, so that the next try begins with them."""
    (stage / "mappings").mkdir()
    (stage / POLICY).write_bytes(_policy())
    try:
        trial.reach()
        return trial.look()
    except BackendError as error:
        answers = {name: text for name, text in trial.answers.items() if name not in NOT_ASKED}
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / EARLIER).write_text(json.dumps(answers, ensure_ascii=False, indent=1), encoding="utf-8")
            error.hint = msg(
                "{hint} No file was written. Run 'u8sync init' again: your answers, without the password, are its"
                " defaults.",
                hint=error.hint or "",
            )
        raise


def _fill(trial: Trial, draft: Draft, folder: Path, stage: Path) -> None:
    """Make the files in ``stage``."""
    from u8sync import bootstrap
    from u8sync.config.json_schema import FOLDER
    from u8sync.config.mapping_file import load_mapping
    from u8sync.config.settings import load_settings
    from u8sync.report.first_mapping import SCHEMA_FOLDER, mapping_text

    trial.write_config()
    (stage / MAPPING).write_text(mapping_text(draft), encoding="utf-8", newline="\n")
    schemas = (stage / MAPPING).parent / SCHEMA_FOLDER
    schemas.mkdir(exist_ok=True)
    for path in sorted(FOLDER.glob("*.schema.json")):
        (schemas / path.name).write_bytes(path.read_bytes())
    settings = load_settings(stage / CONFIG)
    load_mapping(settings.mapping, shown_as=MAPPING)
    if settings.audit_key is not None and not (folder / KEY).exists():
        bootstrap.key_store(settings).put(made_key(None))
    if trial.secret is not None:
        trial.secret.keep(stage)


# --- the first look ---------------------------------------------------------------------------------------------------


def _first_look(ctx: click.Context, folder: Path, trial: Trial, draft: Draft) -> ExitCode:
    """Check everything, show the first plan, and say what comes next."""
    from u8sync.cli.doctoring import doctor
    from u8sync.cli.running import plan

    session: Session = ctx.obj
    config = folder / CONFIG
    if draft.tier is None:
        session.say(msg("There is no plan yet: {file} must say first where tiers go.", file=str(folder / MAPPING)))
        say_next(session, config, trial, planned=False)
        return ExitCode.UNREACHABLE
    session.out.print()
    session.say(msg("Checks ('u8sync doctor'):"))
    health: ExitCode = ctx.invoke(doctor, config=config)
    session.out.print()
    session.say(msg("The first plan ('u8sync plan'); nothing is written to U8:"))
    try:
        ctx.invoke(plan, config=config)
    except U8SyncError:
        say_next(session, config, trial, planned=False)
        raise
    say_next(session, config, trial, planned=True)
    return health
