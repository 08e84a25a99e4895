"""Who may ask: the made-up credentials, and the tokens handed out for them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.refusals import Code, RefusalError

__all__ = ["Credentials", "Gate"]


@dataclass(frozen=True)
class Credentials:
    """What a client must know to be let in; all made up.

    Attributes:
        from_account: The caller.
        to_account: The enterprise that owns the account set.
        app_key: The app.
        app_secret: Its secret, needed for a token only.
        ds_sequences: Numbers of the data sources; all lead to the one account set, and the first is the default.
    """

    from_account: str = "u8sync_sandbox"
    to_account: str = "test_u8sync_sandbox"
    app_key: str = "opa0000000000sandbox"
    app_secret: str = "made-up-secret-of-the-sandbox"  # noqa: S105 - made up, and printed by the command
    ds_sequences: tuple[str, ...] = ("1",)


class Gate:
    """Lets those in who show the right credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}

    def new_token(self, query: Mapping[str, str], behaviour: Behaviour) -> str:
        """A token for whoever knows the secret; kills the old ones where only one may live.

        Raises:
            RefusalError: The caller, the app or the secret is not known.
        """
        self._check_caller(query)
        # Bytes: the texts may hold anything, and compare_digest takes ASCII texts only.
        if not compare_digest(query["app_secret"].encode(), self._credentials.app_secret.encode()):
            raise RefusalError(Code.SECRET, "应用密钥 app_secret 错误")
        token = secrets.token_hex(16)
        now = time.monotonic()
        with self._lock:
            if behaviour.tokens == "one":
                self._tokens.clear()
            self._tokens = {known: end for known, end in self._tokens.items() if end > now}
            self._tokens[token] = now + behaviour.token_life_s
        return token

    def forget(self, token: str | None) -> None:
        """Let a token die at once; null: all of them."""
        with self._lock:
            if token is None:
                self._tokens.clear()
            else:
                self._tokens.pop(token, None)

    def check_token(self, query: Mapping[str, str]) -> None:
        """Let the caller of a call of the platform in.

        Raises:
            RefusalError: The caller, the app or the token is not known, or the token has expired.
        """
        self._check_caller(query)
        with self._lock:
            end = self._tokens.get(query["token"])
        if end is None:
            raise RefusalError(Code.TOKEN, "token 无效，请重新获取 token")
        if end <= time.monotonic():
            raise RefusalError(Code.TOKEN, "token 已过期，请重新获取 token")

    def check_enterprise(self, query: Mapping[str, str]) -> None:
        """Let a call through to the account set.

        Raises:
            RefusalError: The enterprise has not approved the app, or has no such data source.
        """
        if query["to_account"] != self._credentials.to_account:
            raise RefusalError(Code.NOT_APPROVED, "应用未经企业授权，请企业管理员在开放平台审批")
        if query.get("ds_sequence", self._credentials.ds_sequences[0]) not in self._credentials.ds_sequences:
            raise RefusalError(Code.DATA_SOURCE, "未配置数据源，请检查 ds_sequence")

    def _check_caller(self, query: Mapping[str, str]) -> None:
        if query["from_account"] != self._credentials.from_account:
            raise RefusalError(Code.CALLER, "调用方账号 from_account 不存在")
        if query["app_key"] != self._credentials.app_key:
            raise RefusalError(Code.APP, "应用 app_key 不存在或未上架")
