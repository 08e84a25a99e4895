"""What ``u8sync init`` asks, in order: only what no default can know, and only what matters for the chosen way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

from u8sync.cli.setup.asker import Answers, Question
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from u8sync.ports import AccountSetFound
    from u8sync.report.first_mapping import Draft

__all__ = ["SECRET_QUESTIONS", "account_question", "column_question", "encryption_questions", "first_questions"]

PRACTICE: Final = "practice"
NO_COLUMN: Final = "none"


def _is(name: str, *values: str) -> Callable[[Answers], bool]:
    return lambda answers: answers.get(name) in values


def _usually(value: str) -> Callable[[Answers], str | None]:
    return lambda _: value


def _variable(answer: str) -> Message | None:
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,100}", answer):
        return None
    return msg("the name of an environment variable has letters, digits and '_' only")


def _zone(answer: str) -> Message | None:
    return None if answer in available_timezones() else msg("this is no time zone; one is named like Asia/Shanghai")


def _last_day(answer: str) -> Message | None:
    if answer in {"today", "last_month_end"}:
        return None
    try:
        date.fromisoformat(answer)
    except ValueError:
        return msg("today, last_month_end or a day like 2026-06-30 is needed")
    return None


def _number(least: int, most: int) -> Callable[[str], Message | None]:
    def check(answer: str) -> Message | None:
        if answer.isascii() and answer.isdigit() and least <= int(answer) <= most:
            return None
        return msg("a number from {least} to {most} is needed", least=least, most=most)

    return check


def _server(answer: str) -> Message | None:
    port = answer.partition(",")[2].strip()
    return _number(1, 65535)(port) if "," in answer else None


def _file(answer: str) -> Message | None:
    return msg("a file inside the folder of the configuration is needed") if ".." in answer.split("/") else None


WAY: Final = Question(
    "backend",
    "--backend",
    msg("How is U8 reached?"),
    msg("'practice' needs no U8 at all: a made-up account set is made in this folder. You can begin again later."),
    _usually(PRACTICE),
    (
        (PRACTICE, msg("a made-up account set in this folder, to learn with")),
        ("sqlserver", msg("the SQL Server of U8, the usual way")),
        ("openapi", msg("Yonyou's OpenAPI")),
    ),
)

_SQL: Final = _is("backend", "sqlserver")
_OPENAPI: Final = _is("backend", "openapi")


def _with_login(answers: Answers) -> bool:
    return _SQL(answers) and answers.get("authentication") == "login"


def _with_secret(answers: Answers) -> bool:
    return _OPENAPI(answers) or _with_login(answers)


SQL_QUESTIONS: Final = (
    Question(
        "server",
        "--server",
        msg("Which server?"),
        msg("Host, host\\instance or address, as Management Studio takes it; a port stands behind a comma."),
        when=_SQL,
        check=_server,
    ),
    Question(
        "authentication",
        "--login / --windows",
        msg("Who logs in?"),
        msg("A login of its own is best: 'u8sync grants' prints the script that makes one with no more than it needs."),
        _usually("login"),
        (
            ("login", msg("a login of SQL Server, with a password")),
            ("windows", msg("the Windows account that runs u8sync, no password")),
        ),
        when=_SQL,
    ),
    Question(
        "login",
        "--login",
        msg("Name of the login?"),
        msg("Not sa: u8sync refuses to write with a login that may do everything."),
        _usually("u8sync_w"),
        when=_with_login,
    ),
)

OPENAPI_QUESTIONS: Final = (
    Question(
        "url",
        "--url",
        msg("Address of the gateway?"),
        msg("Yonyou's own, unless your enterprise runs one."),
        _usually("https://api.yonyouup.com/"),
        when=_OPENAPI,
    ),
    Question(
        "from_account", "--from-account", msg("Id of the caller?"), msg("from_account of the app."), when=_OPENAPI
    ),
    Question("to_account", "--to-account", msg("Id of the enterprise that has U8?"), msg("to_account."), when=_OPENAPI),
    Question("app_key", "--app-key", msg("Code of the app?"), msg("app_key, not the secret."), when=_OPENAPI),
    Question(
        "ds_sequence",
        "--ds-sequence",
        msg("Number of the data source?"),
        msg("1 unless the app has several account sets."),
        _usually("1"),
        when=_OPENAPI,
        check=_number(0, 9999),
    ),
    Question(
        "item",
        "--tier-item",
        msg("Which self-defined item of customers takes the tier?"),
        msg("self_define1 to self_define10, one that nobody uses; the OpenAPI does not tell which are free."),
        _usually("self_define5"),
        when=_OPENAPI,
        check=lambda answer: (
            None
            if re.fullmatch("self_define([1-9]|10)", answer)
            else msg("self_define1 to self_define10 can be written")
        ),
    ),
    Question(
        "item_length",
        "--tier-length",
        msg("How many characters does it hold?"),
        msg("As set up in U8; the OpenAPI does not tell."),
        lambda answers: "20" if answers.get("item") in {"self_define1", "self_define2", "self_define3"} else "60",
        when=_OPENAPI,
        check=_number(1, 120),
    ),
)

SECRET_QUESTIONS: Final = (
    Question(
        "secret_place",
        "--password-env / --password-file / --password-keyring",
        msg("Where is the password kept? It never stands in the configuration."),
        msg("A scheduled task reads it there at night. It is asked for later, and is not shown while you type."),
        _usually("file"),
        (
            ("file", msg("a file that only this user can read")),
            ("env", msg("an environment variable, which you set where u8sync runs")),
            ("keyring", msg("the system's keyring, such as the Windows Credential Manager")),
        ),
        when=_with_secret,
    ),
    Question(
        "secret_env",
        "--password-env",
        msg("Name of the environment variable?"),
        msg("Its name only, never the password itself."),
        lambda answers: "U8SYNC_APP_SECRET" if _OPENAPI(answers) else "U8SYNC_PASSWORD",
        when=lambda answers: _with_secret(answers) and answers.get("secret_place") == "env",
        check=_variable,
    ),
    Question(
        "secret_file",
        "--password-file",
        msg("Name of the file?"),
        msg("Beside the configuration. A file that is there already is used as it is."),
        lambda answers: "app-secret.txt" if _OPENAPI(answers) else "password.txt",
        when=lambda answers: _with_secret(answers) and answers.get("secret_place") == "file",
        check=_file,
    ),
    Question(
        "secret_service",
        "--password-keyring",
        msg("Under which service in the keyring?"),
        msg("The 'Internet or network address' in the Windows Credential Manager."),
        _usually("u8sync"),
        when=lambda answers: _with_secret(answers) and answers.get("secret_place") == "keyring",
    ),
)

LAST_QUESTIONS: Final = (
    Question(
        "as_of",
        "--as-of",
        msg("Up to which day does business count?"),
        msg("last_month_end keeps tiers still within a month; today moves them every night; or a fixed day."),
        _usually("last_month_end"),
        when=_is("backend", "sqlserver", "openapi"),
        check=_last_day,
    ),
    Question(
        "timezone",
        "--timezone",
        msg("Time zone?"),
        msg("It says which day today is."),
        _usually("Asia/Shanghai"),
        check=_zone,
    ),
    Question(
        "audit_folder",
        "--audit-folder",
        msg("Folder of the audit log?"),
        msg("Keep it for good, where nothing is cleaned up: it proves what was written to U8."),
        _usually("audit"),
    ),
    Question(
        "sign",
        "--sign / --no-sign",
        msg("Sign the audit log from the first run on?"),
        msg("A key is made and kept in audit.key, for this user only: with it nobody can rewrite the log unseen."),
        _usually("yes"),
        (("yes", msg("make a key now")), ("no", msg("later, with 'u8sync audit key new'"))),
    ),
)


def first_questions() -> Sequence[Question]:
    """All that can be asked before U8 is reached."""
    return (WAY, *SQL_QUESTIONS, *OPENAPI_QUESTIONS, *SECRET_QUESTIONS, *LAST_QUESTIONS)


def account_question(found: Sequence[AccountSetFound]) -> Question:
    """Which of the account sets on the server."""
    return Question(
        "account",
        "--account",
        msg("Which account set?"),
        msg("Those that the login can see on this server, with the fiscal years of their databases."),
        lambda _: found[0].code if len(found) == 1 else None,
        [(one.code, _years(one)) for one in found],
    )


def _years(one: AccountSetFound) -> Message:
    first, last = one.databases[0].first_year, one.databases[-1].last_year
    if first is None:
        return msg("{name}", name=one.name)
    if last is None:
        return msg("{name}, from {first} on", name=one.name, first=first)
    return msg("{name}, {first} to {last}", name=one.name, first=first, last=last)


def column_question(draft: Draft) -> Question:
    """Which self-defined item takes the tier; one that is meant for it is the default."""
    choices = [
        (
            item.column,
            msg("no caption, empty") if item.caption is None else msg("caption {caption}", caption=item.caption),
        )
        for item in draft.tier_choices
    ]
    usual = NO_COLUMN if draft.tier is None else draft.tier.column
    return Question(
        "column",
        "--tier-column",
        msg("Into which self-defined item of customers are tiers written?"),
        msg("Only items that could take every tier and hold nothing else are listed. Nothing is written to U8 now."),
        _usually(usual),
        [*choices, (NO_COLUMN, msg("decide later: the mapping says how; no plan can be made before"))],
    )


def encryption_questions() -> Sequence[Question]:
    """What to do about a server whose encryption cannot be relied on."""
    return (
        Question(
            "encryption",
            "--trust-certificate / --no-encryption",
            msg("The encrypted connection cannot be checked. What now?"),
            msg("Best is a certificate that this machine trusts. The other two are shown in every report, with why."),
            _usually("stop"),
            (
                ("stop", msg("stop here and have the certificate set right")),
                ("trust", msg("encrypt, but do not check that it is the right server")),
                ("none", msg("do not encrypt: password and data can be read on the way")),
            ),
        ),
        Question(
            "insecure_reason",
            "--insecure-reason",
            msg("Why does your site accept that?"),
            msg("At least 8 characters; it stands in every report and in the audit log."),
            when=_is("encryption", "trust", "none"),
            check=lambda answer: None if len(answer) >= 8 else msg("at least 8 characters are needed"),  # noqa: PLR2004
        ),
    )
