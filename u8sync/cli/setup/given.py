"""The answers that stand on the command line, by the names of the questions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["NOT_ASKED", "given_answers"]

NOT_ASKED: Final = frozenset({"driver", "encryption", "insecure_reason"})
"""What is not asked unless the server makes it a question."""

_NAMES: Final[Mapping[str, str]] = {
    **{
        name: name
        for name in (
            "backend",
            "server",
            "login",
            "driver",
            "insecure_reason",
            "account",
            "url",
            "from_account",
            "to_account",
            "app_key",
            "ds_sequence",
            "as_of",
            "timezone",
            "audit_folder",
        )
    },
    "tier_item": "item",
    "tier_length": "item_length",
    "tier_column": "column",
}
"""Option -> question, where the answer is the option's own text."""


def given_answers(options: Mapping[str, Any]) -> dict[str, str]:
    """Name of a question -> its answer. Raises InputError for options that do not go together."""
    given = {name: options[option] for option, name in _NAMES.items() if options[option] is not None}
    if options["sandbox"] and given.setdefault("backend", "practice") != "practice":
        raise _one_of("--sandbox", "--backend")
    given |= _login(options) | dict(_secret(options)) | _encryption(options)
    if options["sign"] is not None:
        given["sign"] = "yes" if options["sign"] else "no"
    return given


def _login(options: Mapping[str, Any]) -> dict[str, str]:
    if options["windows"] and options["login"] is not None:
        raise _one_of("--login", "--windows")
    if options["windows"]:
        return {"authentication": "windows"}
    return {} if options["login"] is None else {"authentication": "login"}


def _secret(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    places = [name for name in ("env", "file", "keyring") if options[f"password_{name}"] is not None]
    if len(places) > 1:
        raise _one_of(*(f"--password-{name}" for name in places))
    for place in places:
        yield "secret_place", place
        yield "secret_service" if place == "keyring" else f"secret_{place}", options[f"password_{place}"]


def _encryption(options: Mapping[str, Any]) -> dict[str, str]:
    if options["trust_certificate"] and options["no_encryption"]:
        raise _one_of("--trust-certificate", "--no-encryption")
    if not options["trust_certificate"] and not options["no_encryption"]:
        return {}
    if options["insecure_reason"] is None:
        raise InputError(
            msg("{option}: there must be a reason.", option="--trust-certificate / --no-encryption"),
            hint=msg("Say with --insecure-reason why your site accepts it."),
        )
    return {"encryption": "trust" if options["trust_certificate"] else "none"}


def _one_of(*options: str) -> InputError:
    return InputError(
        msg("{options} do not go together.", options=", ".join(options)), hint=msg("Leave all but one of them out.")
    )
