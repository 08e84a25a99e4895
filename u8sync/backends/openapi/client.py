"""The calls of the OpenAPI: address, common parameters, token, pace, and errors in our own words.

All common parameters travel in the query string, also of a POST, and the address of every call therefore holds the
token: no message of this room holds an address, only host and name of the call.

Not established by any public source, and so decided here or left to a setting: the errcodes (``token_errcodes``),
limits on the number of calls (``calls_per_s``), the form of the reply to an edit (both are read), how long an
asynchronous result may take (20 polls, as Yonyou's own SDK does).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from pydantic import SecretStr

from u8sync.backends.openapi.advice import advice_for
from u8sync.backends.openapi.meanings import Situation, Step, situation_of, to_error, wait_of
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.openapi.pace import Pace
from u8sync.backends.openapi.replies import EMPTY, OK, BadReplyError, Reply, parse
from u8sync.backends.openapi.tokens import USUAL_LIFE_S, Token, Tokens
from u8sync.backends.openapi.wire import Answer, LostError, UnsentError, Wire
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.ports import Trying
from u8sync.text import Message, msg

__all__ = ["Client", "EditAnswer"]

POLLS: Final = 20
SHORTEST_POLL_S: Final = 0.2
LONGEST_POLL_S: Final = 30.0
USUAL_POLL_S: Final = 3.0

LONGEST_WORDS: Final = 200
"""Characters of the server's words that a message shows."""

_GOOD: Final = range(200, 300)

_KEY: Final = re.compile(r"[0-9A-Fa-f]{32,}")
"""The form of tokens and request ids: the server may repeat one that this client never had."""


@dataclass(frozen=True)
class EditAnswer:
    """The final answer to an edit.

    Attributes:
        done: Whether U8 says that it was done.
        words: Its words when it refused, with errcode; empty otherwise.
    """

    done: bool
    words: str


class _TokenRefusedError(Exception):
    """The call was refused because of its token; ``error`` is what to raise when no other token helps."""

    def __init__(self, error: BackendError) -> None:
        super().__init__()
        self.error = error


class Client:
    """Calls to one account set; may be used by several threads.

    Args:
        options: Who calls, whom, and how fast.
        secret: The app's secret.
        trying: When to try again.
        wire: The connections; they belong to the client from now on.
        now: The present instant, aware.
    """

    def __init__(
        self,
        options: OpenApiOptions,
        secret: SecretStr,
        trying: Trying,
        wire: Wire,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._secret = secret
        self._trying = trying
        self._wire = wire
        self._now = now
        self._pace = Pace(float(options.calls_per_s), clock=trying.clock, sleep=trying.sleep)
        self._tokens = Tokens(self._fetch_token, clock=trying.clock)
        self._edit_refused = False  # reads prove a token in between, so that they cannot tell a gateway that bars edits
        self._known_secrets = {secret.get_secret_value()}
        self.place = urlsplit(options.url).netloc
        """What messages call the server."""

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def sign_in(self) -> None:
        """Have a token. Raises FatalError when the login is refused, TransientError when nobody answers."""
        self._tokens.current()

    def get(self, call: str, query: Mapping[str, str] | None = None) -> Reply | None:
        """Read; null when nothing was found (errcode 20002).

        Args:
            call: Path behind the base address, e.g. ``api/customer/get``.
            query: Parameters of this call; the common ones are added.

        Raises:
            FatalError: Refused, or no reply of the contract.
            TransientError: Tried as often as it may be.
        """
        reply, _ = self._trying.call(self._get, call, query or {})
        return reply

    def edit(self, card: Mapping[str, str], *, hide: Collection[str] = ()) -> EditAnswer:
        """Edit one customer: sent once, an asynchronous result is waited for.

        Args:
            card: What is sent.
            hide: What no message may hold, should the server repeat it.

        Raises:
            TransientError: Certainly not done.
            UnknownOutcomeError: The answer is missing, or not one of the contract.
            FatalError: Refused before U8 saw it.
        """
        token = self._tokens.current()
        try:
            reply = self._send(token, "api/customer/edit", {}, {"customer": dict(card)})
        except _TokenRefusedError as refused:
            if self._edit_refused:
                raise refused.error from None
            self._edit_refused = True
            self._tokens.renewed(token, refused.error)
            raise TransientError(
                msg("U8 OpenAPI {place}: the token was refused and has been renewed", place=self.place)
            ) from None
        self._edit_refused = False
        if reply is None:
            return EditAnswer(done=False, words=EMPTY)
        token.proved = True
        reply = self._outcome(reply)
        if reply.errcode == OK:
            answered = reply.text("id")
            if answered is not None and answered != card["code"]:
                raise self._unclear("customer/edit", msg("the answer names another customer"))
            return EditAnswer(done=True, words="")
        return EditAnswer(done=False, words=self._words(reply, hide))

    # --- one call -----------------------------------------------------------------------------------------------------

    def _get(self, call: str, query: Mapping[str, str]) -> Reply | None:
        token = self._tokens.current()
        try:
            reply = self._send(token, call, query)
        except _TokenRefusedError as refused:
            token = self._tokens.renewed(token, refused.error)
            try:
                reply = self._send(token, call, query)
            except _TokenRefusedError as again:
                raise again.error from None
        token.proved = True
        return reply

    def _send(
        self, token: Token, call: str, query: Mapping[str, str], body: Mapping[str, object] | None = None
    ) -> Reply | None:
        options = self._options
        common = {"from_account": options.from_account, "to_account": options.to_account, "app_key": options.app_key}
        if options.ds_sequence is not None:
            common["ds_sequence"] = str(options.ds_sequence)
        return self._ask(call, {**common, "token": token.text, **query}, "read" if body is None else "edit", body)

    def _fetch_token(self) -> tuple[str, float]:
        """Raises FatalError when the login is refused: tried once. Only what never reached an answer is tried again."""
        options = self._options
        query = {
            "from_account": options.from_account,
            "app_key": options.app_key,
            "app_secret": self._secret.get_secret_value(),
        }
        try:
            reply, _ = self._trying.call(self._ask, "system/token", query, "token")
        except _TokenRefusedError as refused:
            raise refused.error from None
        token = None if reply is None else reply.data.get("token")
        text = token.get("id") if isinstance(token, dict) else None
        if not isinstance(text, str) or not text.strip() or not isinstance(token, dict):
            raise to_error("bad", "token", place=self.place, call="system/token", detail=msg("no token in it"))
        self._known_secrets.add(text)
        life = str(token.get("expiresin") or "")
        return text, float(life) if re.fullmatch(r"[0-9]{1,9}", life) and int(life) > 0 else USUAL_LIFE_S

    def _ask(
        self, call: str, query: Mapping[str, str], step: Step, body: Mapping[str, object] | None = None
    ) -> Reply | None:
        """One call; a read whose reply cannot be read is repeated once."""
        url = self._options.url + call
        for last in (step == "edit", True):
            try:
                return self._understood(self._wired(url, query, step, call, body), call, step)
            except BadReplyError as bad:
                if last:
                    raise self._error("bad", step, call, bad.what) from None
        raise AssertionError

    def _wired(
        self, url: str, query: Mapping[str, str], step: Step, call: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        self._pace.begin()
        failure: BackendError
        try:
            if body is None:
                return self._wire.get(url, query, timeout_s=self._options.read_timeout_s)
            return self._wire.post(url, query, body, timeout_s=self._options.edit_timeout_s)
        except (UnsentError, LostError) as error:
            failure = self._error(error.kind, step, call)
        raise failure

    def _understood(self, answer: Answer, call: str, step: Step) -> Reply | None:
        """The reply of an answer; null for errcode 20002."""
        if answer.status not in _GOOD:
            situation = situation_of(answer.status)
            wait_s = wait_of(answer.retry_after, self._now())
            error = self._error(situation, step, call, msg("HTTP {status}", status=answer.status), wait_s=wait_s)
            raise _TokenRefusedError(error) if situation == "denied" else error
        reply = parse(answer.body)
        if reply.errcode is None and step != "edit":
            raise BadReplyError(msg("no errcode"))
        if reply.errcode in (OK, None):
            return reply
        if reply.errcode == EMPTY and step != "edit":
            return None
        if reply.errcode in self._options.token_errcodes or "token" in reply.errmsg.lower():
            raise _TokenRefusedError(self._refused(reply, call, step))
        if step == "edit":
            return reply  # one customer's matter: the caller reads U8 back
        raise self._refused(reply, call, step)

    # --- asynchronous results -----------------------------------------------------------------------------------------

    def _outcome(self, reply: Reply) -> Reply:
        """The final reply behind an acceptance: as long as there is an address to ask, there is none."""
        for _ in range(POLLS):
            address = reply.text("url")
            if not address:
                break
            if not _same_server(address, self._options.url):
                raise self._unclear("result", msg("the result is said to be on another server"))
            self._trying.sleep(_ping(reply.text("ping_after")))
            reply = self._poll(address)
        if reply.text("url") or reply.errcode is None:
            raise self._unclear("result", msg("the result did not come"))
        return reply

    def _poll(self, address: str) -> Reply:
        """Ask once more; the address carries all that is needed. Raises UnknownOutcomeError when nobody answers."""

        def ask() -> Reply:
            answer = self._wired(address, {}, "read", "result")
            if answer.status not in _GOOD:
                raise self._error(
                    situation_of(answer.status), "read", "result", msg("HTTP {status}", status=answer.status)
                )
            try:
                return parse(answer.body)
            except BadReplyError as bad:
                raise self._error("bad", "read", "result", bad.what) from None

        try:
            reply, _ = self._trying.call(ask)
        except (TransientError, FatalError) as error:
            raise UnknownOutcomeError(error.message, hint=error.hint) from None
        return reply

    # --- words --------------------------------------------------------------------------------------------------------

    def _error(
        self, situation: Situation, step: Step, call: str, detail: Message | None = None, *, wait_s: float = 0.0
    ) -> BackendError:
        return to_error(
            situation,
            step,
            place=self.place,
            call=call.removeprefix("api/"),
            detail=detail,
            wait_s=wait_s,
        )

    def _refused(self, reply: Reply, call: str, step: Step) -> FatalError:
        return FatalError(
            msg(
                "U8 OpenAPI {place}, {call}: refused: {words}",
                place=self.place,
                call=call.removeprefix("api/"),
                words=self._words(reply),
            ),
            hint=advice_for(reply.errmsg, step),
            about="login" if step == "token" else "",
        )

    def _words(self, reply: Reply, hide: Collection[str] = ()) -> str:
        """The server's words and errcode, with no secret, line end or control character in them."""
        text = _KEY.sub("***", self.redacted(reply.errmsg))
        for value in sorted(hide, key=len, reverse=True):
            text = text.replace(value, "***")
        text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        code = self.redacted(reply.errcode or "?")[:20]
        return f"{text[:LONGEST_WORDS]} [{code}]".strip()

    def redacted(self, text: str) -> str:
        """The text with ``***`` for every secret that this client knows, also as it stands in an address."""
        for secret in sorted(self._known_secrets, key=len, reverse=True):
            for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret)):
                text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)
        return text

    def _unclear(self, call: str, detail: Message) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            msg("U8 OpenAPI {place}, {call}: {what}", place=self.place, call=call, what=detail),
            hint=msg("U8 is read back. The next run settles what cannot be read now."),
            ends_run=True,
        )


def _same_server(address: str, base: str) -> bool:
    """Whether an address that the server named is one of its own."""
    try:
        return urlsplit(address)[:2] == urlsplit(base)[:2]
    except ValueError:  # no address at all
        return False


def _ping(words: str | None) -> float:
    """How long to wait before a result is asked for: what the server says, within reason."""
    try:
        seconds = float(words or "")
    except ValueError:
        return USUAL_POLL_S
    return min(max(seconds, SHORTEST_POLL_S), LONGEST_POLL_S) if seconds == seconds else USUAL_POLL_S  # noqa: PLR0124
