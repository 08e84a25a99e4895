"""Asks a served OpenAPI as plainly as can be: one connection, no retry, no cleverness."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from u8sync.sandbox.openapi.server import OpenApiServer

ENTERPRISE = ("from_account", "to_account", "app_key", "token")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Asker:
    """Somebody with the right credentials.

    Args:
        server: Whom to ask.
    """

    def __init__(self, server: OpenApiServer) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
        self._token: str | None = None

    def close(self) -> None:
        self.connection.close()

    @property
    def common(self) -> dict[str, str]:
        known = self.server.credentials
        return {
            "from_account": known.from_account,
            "to_account": known.to_account,
            "app_key": known.app_key,
            "token": self.token(),
        }

    def token(self, *, new: bool = False) -> str:
        if self._token is None or new:
            self._token = self.ask_token().json["token"]["id"]
        return self._token

    def ask_token(self, **changed: str) -> Answer:
        known = self.server.credentials
        query = {"from_account": known.from_account, "app_key": known.app_key, "app_secret": known.app_secret}
        return self.send("GET", "system/token", {**query, **changed})

    def send(self, method: str, path: str, query: Any, body: bytes | None = None, **headers: str) -> Answer:
        text = query if isinstance(query, str) else urlencode(query)
        self.connection.request(method, f"/{path}?{text}", body, headers)
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())

    def get(self, path: str, **query: object) -> Any:
        return self.send("GET", path, {**self.common, **query}).json

    def edit(self, **card: object) -> Any:
        body = json.dumps({"customer": card}).encode()
        return self.send("POST", "api/customer/edit", self.common, body).json

    def customer(self, code: str) -> Any:
        return self.get("api/customer/get", id=code)["customer"]
