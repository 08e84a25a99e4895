"""What the answers are in the configuration's own keys. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from u8sync.cli.setup.asker import Answers

if TYPE_CHECKING:
    from u8sync.config.first_config import Answer

__all__ = ["ACCOUNT_SET_FILE", "reference", "values_of", "way_of"]

ACCOUNT_SET_FILE = "account-set.db"


def reference(answers: Answers) -> Mapping[str, Answer]:
    """Where the secret is kept."""
    match answers["secret_place"]:
        case "env":
            return {"env": answers["secret_env"]}
        case "file":
            return {"file": answers["secret_file"]}
        case _:
            user = answers["app_key"] if answers["backend"] == "openapi" else answers["login"]
            return {"keyring": {"service": answers["secret_service"], "user": user}}


def way_of(answers: Answers, secret: Mapping[str, Answer] | None = None) -> dict[str, Answer]:
    """The keys of ``account_set``; ``secret``: where the secret is found, null: where the answers say."""
    match answers["backend"]:
        case "sqlserver":
            return _sqlserver(answers, secret)
        case "openapi":
            return {
                "backend": "openapi",
                "url": answers["url"],
                "from_account": answers["from_account"],
                "to_account": answers["to_account"],
                "app_key": answers["app_key"],
                "app_secret": secret or reference(answers),
                "ds_sequence": int(answers["ds_sequence"]),
                "items": {answers["item"]: {"length": int(answers["item_length"])}},
            }
        case _:
            return {"backend": "sqlite", "file": ACCOUNT_SET_FILE}


def _sqlserver(answers: Answers, secret: Mapping[str, Answer] | None) -> dict[str, Answer]:
    server, _, port = answers["server"].partition(",")
    way: dict[str, Answer] = {"backend": "sqlserver", "server": server.strip()}
    if port:
        way["port"] = int(port)
    if "account" in answers:
        way["account"] = answers["account"]
    if answers["authentication"] == "login":
        way |= {"login": answers["login"], "password": secret or reference(answers)}
    if "driver" in answers:
        way["driver"] = answers["driver"]
    match answers.get("encryption"):
        case "trust":
            way |= {"trust_server_certificate": True, "insecure_reason": answers["insecure_reason"]}
        case "none":
            way |= {"encrypt": "no", "insecure_reason": answers["insecure_reason"]}
    return way


def values_of(answers: Answers, last_day: date | None) -> dict[tuple[str, ...], Answer]:
    """The other keys that differ from the example; ``last_day``: the only one that a practice account set knows."""
    as_of = answers.get("as_of", "last_month_end")
    values: dict[tuple[str, ...], Answer] = {
        ("as_of",): last_day or (as_of if as_of in {"today", "last_month_end"} else date.fromisoformat(as_of)),
        ("timezone",): answers["timezone"],
        ("audit", "folder"): answers["audit_folder"],
    }
    if answers["sign"] == "yes":
        values["audit", "key"] = {"file": "audit.key"}
    return values
