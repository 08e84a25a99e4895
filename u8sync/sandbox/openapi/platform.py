"""The calls of the platform itself, which need no account set: tokens, trade ids, data sources, the subscription."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.gate import Credentials, Gate

__all__ = ["data_sources", "subscription", "token", "trade_id"]


def token(gate: Gate, query: Mapping[str, str], behaviour: Behaviour) -> dict[str, object]:
    """A new token.

    Raises:
        RefusalError: The caller is not known.
    """
    life = int(behaviour.token_life_s)
    return {
        "token": {
            "appKey": query["app_key"],
            "expiresIn": str(life) if behaviour.expires_in == "text" else life,
            "id": gate.new_token(query, behaviour),
        }
    }


def trade_id() -> dict[str, object]:
    """A new trade id; nothing that is served needs one."""
    return {"trade": {"id": secrets.token_hex(16)}}


def data_sources(credentials: Credentials, only: str | None) -> dict[str, object]:
    """The data sources, all or the one with a number."""
    return {
        "datasource": [
            {
                "sequence": sequence,
                "U8": {"sys_host": "127.0.0.1", "sys_id": "999"},
                "db": {"db_type": "sqlite", "db_host": "127.0.0.1", "db_scheme": "UFDATA_999"},
            }
            for sequence in credentials.ds_sequences
            if only in {None, sequence}
        ]
    }


def subscription() -> dict[str, object]:
    """The state of the app's subscription; the form is that of a client, the values are made up."""
    return {"version": "V13.0", "status": "1", "expiration_time": "2099-12-31 23:59:59"}
