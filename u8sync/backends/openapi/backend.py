"""An account set behind Yonyou's OpenAPI.

Reads go through a local cache that is brought up to date first. A write reads the customer's whole card, compares,
sends the edit, reads the card again, and compares everything: the OpenAPI has no lock, no transaction and no condition
on an edit, so that between the first reading and the edit somebody may save the card, and that would be overwritten.
The report says so.

Not established by any public source: whether an edit replaces the whole card or only changes fields, and whether it is
answered at once or later; both are met by reading back. How a field is emptied: an empty text is sent, and where U8
keeps the old value all the same, the edit counts as refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Final

import polars as pl

from u8sync.backends.compare import check_columns, check_edits, decide
from u8sync.backends.openapi.cache import KINDS, Cache
from u8sync.backends.openapi.cards import body_of, harmed, hidden_values
from u8sync.backends.openapi.client import Client, EditAnswer
from u8sync.backends.openapi.facts import Books, add_up
from u8sync.backends.openapi.fields import CODE, READABLE, WIDTHS, raw, shown, version_of
from u8sync.backends.openapi.meanings import NoSuchCallError
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.openapi.paging import Pager, in_order
from u8sync.backends.openapi.refresh import Refresher
from u8sync.backends.openapi.replies import BadReplyError, Row, whole_rows
from u8sync.domain.model import AccountSet, CustomerCode, Extra, Facts, Glossary, Period, Window, same
from u8sync.errors import BackendError, FatalError, TransientError, UnknownOutcomeError
from u8sync.ports import ColumnLimit, Edit, EditOutcome, Progress, Reading, Stamp
from u8sync.text import Message, Private, msg

__all__ = ["OpenApiBackend"]

UNCLASSIFIED: Final = "999"
"""The management type that every account set has."""

SINGLES: Final = 50
"""More customers than this are read as a whole list, when that is fewer calls."""


class OpenApiBackend:
    """One account set; :class:`u8sync.ports.Backend` says what each method promises.

    Args:
        options: Its settings.
        client: Calls to it; closed with the backend.
        cache: The local cache; closed with the backend.
        now: The present instant, aware.
    """

    way = "openapi"
    read_only = False
    most_edits: int | None = 1

    def __init__(
        self,
        options: OpenApiOptions,
        client: Client,
        cache: Cache,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._client = client
        self._cache = cache
        self._pool = ThreadPoolExecutor(options.connections, thread_name_prefix="openapi")
        self._refresher = Refresher(client, cache, Pager(self._pool, options.connections), options, now)
        self._notes = _notes_of(options)
        self.late_s = float(options.late_s)
        route = {"way": "openapi", "url": options.url, "from_account": options.from_account, "app_key": options.app_key}
        if options.insecure_reason is not None:
            route["insecure_reason"] = options.insecure_reason
        self.route: Mapping[str, str] = MappingProxyType(route)

    def account_set(self) -> AccountSet:
        """As the settings name it: what the gateway says of its data source is not documented well enough for that."""
        sequence = self._options.ds_sequence
        return AccountSet(
            backend="openapi",
            server=self._client.place,
            database=self._options.to_account,
            code="default" if sequence is None else str(sequence),
            name=self._options.to_account,
            lineage="",
        )

    def columns(self) -> frozenset[str]:
        """The fields of the contract that may be read; one that a gateway does not know is empty throughout."""
        return frozenset(READABLE)

    def writable(self) -> Mapping[str, ColumnLimit]:
        """The items that the settings name, management types that are in use, and classes that may hold customers."""
        self._refresh(None)
        limits = {
            name: ColumnLimit(item.length, None if item.values is None else frozenset(item.values))
            for name, item in self._options.items.items()
        }
        known = self._cache.values("ccusmngtypecode") | {UNCLASSIFIED}
        limits["ccusmngtypecode"] = ColumnLimit(WIDTHS["ccusmngtypecode"], known)
        limits["sort_code"] = ColumnLimit(WIDTHS["sort_code"], self._refresher.leaf_classes())
        return limits

    def glossary(self) -> Glossary:
        """What the cards call the management types in use, and the names of the classes; it tells no captions."""
        self._refresh(None)
        names = {
            "ccusmngtypecode": self._cache.names("ccusmngtypecode", "ccusmngtypename"),
            "sort_code": self._refresher.class_names(),
        }
        return Glossary(names={field: words for field, words in names.items() if words})

    def customers(self, columns: Sequence[str], progress: Progress) -> pl.DataFrame:
        """All customers, after the cache was brought up to date."""
        check_columns(columns, READABLE)
        self._refresh(progress)
        progress.finish()
        return self._cache.cards(columns)

    def _refresh(self, progress: Progress | None) -> None:
        self._notes += [note for note in self._refresher.customers(progress) if note not in self._notes]

    def periods(self) -> tuple[Period, ...]:
        """None: no call of the OpenAPI is known to tell the days of a period."""
        return ()

    def facts(self, window: Window, progress: Progress, extras: frozenset[Extra] = frozenset()) -> Facts:
        """What the documents add up to, after the cache was brought up to date."""
        approved_by = self._options.invoice_approved_by
        read = partial(self._refresher.documents, first=window.start, last=window.as_of, progress=progress)
        read("order", approved_by="verifier")
        before = (window.before.start, window.before.as_of) if "before" in extras else None
        read("invoice", approved_by=approved_by, also=before)
        notes = list(self._notes)
        stock_outs = None
        if self._options.stock_outs == "none":
            notes.append(msg("Stock-outs are not read (stock_outs: none): cost and profit are not known."))
        else:
            try:
                read("stock_out", approved_by="handler")
                stock_outs = self._cache.documents("stock_out", window.as_of)
            except NoSuchCallError as error:
                # What this gateway never offers must not keep the other metrics away; a refusal of the moment ends the
                # run, because tiers without profit would move tonight and back tomorrow.
                notes.append(msg("Stock-outs cannot be read, so cost is not known: {why}", why=error.message))
        books = Books(
            orders=self._cache.documents("order", window.as_of),
            invoices=self._cache.documents("invoice", window.as_of),
            stock_outs=stock_outs,
            since=self._options.history_from,
            hidden=frozenset(kind for kind in KINDS if self._cache.hides_approval(kind)),
        )
        facts = add_up(books, window, sorted(self._cache.codes()), [*notes, _NO_LOCK], extras)
        progress.finish()
        return facts

    def read(self, codes: Sequence[CustomerCode], columns: Sequence[str]) -> Mapping[CustomerCode, Reading]:
        """Some customers, now, from U8 itself: one by one, or as a list when they are many."""
        check_columns(columns, READABLE)
        if len(codes) > max(SINGLES, self._cache.count() // self._options.rows_per_page):
            wanted = set(codes)
            listed = {code: card for code, card in self._refresher.all_cards().items() if code in wanted}
        else:
            found = in_order(self._pool, self._card, codes, ahead=2 * self._options.connections)
            listed = {code: shown(card) for code, card in found if card is not None}
        return {
            CustomerCode(code): Reading({column: card.value(column) for column in columns}, card.version)
            for code, card in listed.items()
        }

    def claim(self) -> None:
        """Nothing to take: the OpenAPI has no lock. The login is tried, so that a run fails before it plans."""
        self._client.sign_in()

    def receipts(self, op_ids: Sequence[str]) -> frozenset[str] | None:  # noqa: ARG002
        """None are kept."""
        return None

    def close(self) -> None:
        """Give connections, threads and cache back."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()
        self._cache.close()

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, edits: Sequence[Edit], stamp: Stamp) -> Sequence[EditOutcome]:  # noqa: ARG002
        """Read, compare, edit, read, compare; one customer after the other. U8 itself notes who changed it and when."""
        check_edits(edits, readable=READABLE, writable=self._widths())
        outcomes: list[EditOutcome] = []
        for edit in edits:
            try:
                outcomes.append(self._write_one(edit))
            except (TransientError, FatalError) as error:
                if any(outcome.status == "applied" for outcome in outcomes):
                    raise _in_part(error) from error
                raise
        return outcomes

    def _widths(self) -> dict[str, int]:
        items = {name: item.length for name, item in self._options.items.items()}
        return {
            field: items.get(field, width) for field, width in WIDTHS.items() if field in items or field not in _ITEMS
        }

    def _write_one(self, edit: Edit) -> EditOutcome:
        card = self._card(edit.code)
        reading = None if card is None else _reading(card, sorted(edit.before))
        outcome = decide(edit, reading, self._widths())
        if outcome is not None or card is None or reading is None:
            return outcome or EditOutcome(edit.code, "gone", seen={})
        body = body_of(card, edit.after, self._options.edit_sends)
        answer: EditAnswer | FatalError
        try:
            answer = self._client.edit(body, hide=hidden_values(card))
        except FatalError as error:
            answer = error  # whoever refused it may stand behind U8: what is recorded as not done must not be done
        now = self._read_back(edit.code)
        harm = harmed(edit.code, card, now, edit.after)
        if harm is not None:
            raise harm
        untouched = all(same(raw(now, field), raw(card, field)) for field in edit.after)
        if isinstance(answer, FatalError):
            if untouched:
                raise answer
            raise UnknownOutcomeError(answer.message, hint=answer.hint, ends_run=True)
        kept = [field for field, value in edit.after.items() if not same(raw(now, field), value)]
        if not kept:
            if not answer.done:
                raise _contradiction(edit.code, answer.words)
            return EditOutcome(edit.code, "applied", reading.values, reading.version, version_after=version_of(now))
        if untouched and not answer.done:
            return EditOutcome(edit.code, "rejected", reading.values, reading.version, detail=answer.words)
        if untouched and all(edit.after[field] is None for field in kept):
            detail = f"{', '.join(kept)}: U8 keeps the old value when an empty one is sent"
            return EditOutcome(edit.code, "rejected", reading.values, reading.version, detail=detail)
        raise _not_kept(edit.code, kept)

    def _card(self, code: str) -> Row | None:
        """The whole card of a customer; null when there is none."""
        reply = self._client.get("api/customer/get", {"id": code})
        if reply is None:
            return None
        try:
            cards = whole_rows(reply.data, "customer")
        except BadReplyError as bad:
            raise self._refresher.odd("customer/get", bad) from None
        mine = [card for card in cards if card.get(CODE) == code]
        if len(mine) != 1:
            raise self._refresher.odd(
                "customer/get", BadReplyError(msg("another customer than the one that was asked for"))
            )
        return mine[0]

    def _read_back(self, code: str) -> Row:
        """The card after an edit was sent. What cannot be read now is not known."""
        try:
            card = self._card(code)
        except (TransientError, FatalError) as error:
            raise UnknownOutcomeError(
                msg(
                    "The edit of customer {code} was sent and cannot be read back: {why}",
                    code=Private(code),
                    why=error.message,
                ),
                hint=error.hint,
                ends_run=isinstance(error, FatalError),
            ) from None
        if card is None:
            raise UnknownOutcomeError(
                msg("Customer {code} is gone after it was edited.", code=Private(code)), ends_run=True
            )
        return card


_ITEMS: Final = frozenset(field for field in WIDTHS if field.startswith("self_define"))

_NO_LOCK: Final = msg(
    "The OpenAPI has no lock and no transaction: a customer is read, compared, written and read again. What somebody"
    " saves in U8 between the comparison and the write would be overwritten."
)


def _notes_of(options: OpenApiOptions) -> list[Message]:
    """What a reader of reports should know of the line."""
    if options.insecure_reason is None:
        return []
    return [msg("The connection to the OpenAPI is not encrypted. Reason: {why}", why=options.insecure_reason)]


def _reading(card: Row, columns: Sequence[str]) -> Reading:
    return Reading({column: raw(card, column) for column in columns}, version_of(card))


def _in_part(error: BackendError) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        msg("Only a part of the batch was written: {why}", why=error.message),
        hint=error.hint,
        ends_run=isinstance(error, FatalError),
    )


def _contradiction(code: str, words: str) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        msg(
            "U8 refused the edit of customer {code} ({words}) and holds the new value all the same.",
            code=Private(code),
            words=Private(words),
        ),
        hint=msg("Somebody may have set the same value in the same moment. Look at the customer in U8."),
        ends_run=True,
    )


def _not_kept(code: str, fields: Sequence[str]) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        msg(
            "U8 says that the edit of customer {code} was done, and {fields} does not hold the new value.",
            code=Private(code),
            fields=", ".join(fields),
        ),
        hint=msg(
            "The gateway may work with a delay, or drop the field. Nothing more was sent. Try it by hand with one"
            " customer, and ask who runs the gateway."
        ),
        ends_run=True,
    )
