"""What ``u8sync doctor`` looks at for an OpenAPI: one step after the other, so that the failing one can be named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from u8sync.backends.openapi.client import Client
from u8sync.backends.openapi.connect import connect
from u8sync.backends.openapi.fields import WIDTHS
from u8sync.backends.openapi.options import OpenApiOptions, stays_here
from u8sync.backends.openapi.replies import BadReplyError, Reply, counters, rows
from u8sync.errors import FatalError
from u8sync.ports import Check, Needs
from u8sync.text import Message, msg

__all__ = ["examine"]

P = ParamSpec("P")
T = TypeVar("T")


class _Once:
    """Nothing is tried twice: a check tells what is now."""

    sleep: Callable[[float], None] = staticmethod(time.sleep)
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def call(self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> tuple[T, int]:
        """Call it."""
        return operation(*args, **kwargs), 1


def examine(options: OpenApiOptions, base: Path, needs: Needs) -> Iterator[Check]:
    """Login, subscription, data source, relay and rights, in this order; raises when one bars the way."""
    client = connect(options, base, _Once())
    try:
        yield _line(options)
        client.sign_in()
        yield Check(
            msg("Sign-in"), "ok", msg("{place} accepts the app {app}.", place=client.place, app=options.app_key)
        )
        yield _subscription(client)
        yield _source(client, options)
        yield _archive(client)
        yield from _items(options, needs)
    finally:
        client.close()


def _line(options: OpenApiOptions) -> Check:
    if options.url.startswith("https:"):
        return Check(msg("Encryption"), "ok", msg("https, the certificate is checked."))
    if stays_here(options.url):
        return Check(msg("Encryption"), "ok", msg("Plain http that does not leave this machine."))
    hint = None if options.insecure_reason is None else msg("Reason given: {reason}", reason=options.insecure_reason)
    return Check(msg("Encryption"), "warning", msg("Plain http: what is sent can be read on the way."), hint)


def _subscription(client: Client) -> Check:
    """Only shown: the call is known from clients, not from a page of Yonyou."""
    topic = msg("Subscription of the app")
    reply = _maybe(client, "api/orderstatus/get")
    if isinstance(reply, Message):
        return Check(topic, "warning", msg("Not known: {why}", why=reply))
    words = [reply.text(key) for key in ("status", "expiration_time")]
    return Check(topic, "ok", msg("Status {status}, until {until}.", status=words[0] or "?", until=words[1] or "?"))


def _source(client: Client, options: OpenApiOptions) -> Check:
    topic = msg("Data source")
    reply = _maybe(client, "system/datasource/batch_get")
    if isinstance(reply, Message):
        return Check(topic, "warning", msg("Not known: {why}", why=reply))
    try:
        known = [row.get("sequence") or "?" for row in rows(reply.data, "datasource")]
    except BadReplyError as bad:
        return Check(topic, "warning", msg("Not known: {why}", why=bad.what))
    if options.ds_sequence is None:
        if len(known) > 1:
            return Check(
                topic,
                "warning",
                msg(
                    "The app has {count} data sources, and the first is taken: {names}",
                    count=len(known),
                    names=", ".join(known),
                ),
                msg("Name one with 'ds_sequence', so that it stays the same one."),
            )
        return Check(topic, "ok", msg("The app's only one: {names}", names=", ".join(known) or "?"))
    if str(options.ds_sequence) not in known:
        return Check(
            topic,
            "failure",
            msg(
                "The app has no data source {sequence}; it has: {names}",
                sequence=options.ds_sequence,
                names=", ".join(known) or "-",
            ),
            msg("Set it up on the open platform, or correct 'ds_sequence'."),
        )
    return Check(topic, "ok", msg("Number {sequence}.", sequence=options.ds_sequence))


def _archive(client: Client) -> Check:
    """One call that goes all the way through the relay program and EAI to U8."""
    reply = client.get("api/customer/batch_get", {"page_index": "1", "rows_per_page": "1"})
    counted = None if reply is None else counters(reply)
    return Check(
        msg("Relay program and U8"),
        "ok",
        msg("The customer archive answers: {count} customers.", count="?" if counted is None else f"{counted.total:,}"),
    )


def _items(options: OpenApiOptions, needs: Needs) -> Iterator[Check]:
    for field in sorted(needs.writes & WIDTHS.keys()):
        if field.startswith("self_define") and field not in options.items:
            yield Check(
                msg("Self-defined item {field}", field=field),
                "failure",
                msg("The configuration does not say how it is set up in U8."),
                msg("Set it up in U8 and name it: items: {{{field}: {{length: 60}}}}", field=field),
            )


def _maybe(client: Client, call: str) -> Reply | Message:
    """The reply, or why there is none: a call that a gateway may lack."""
    try:
        reply = client.get(call)
    except FatalError as error:
        return error.message
    return msg("nothing was found") if reply is None else reply
