"""Bring the cache up to date: everything now and then, otherwise only what may have changed.

* Customers have a timestamp that lists can be cut by. A row whose change was still under way when it was read last has
  an older timestamp than others that were seen, so that two readings overlap; and where the number of customers is not
  the server's, some vanished, and all are read anew.
* Documents have no documented timestamp. The last weeks are listed anew every time, by date; a document whose entry
  differs is read again, one that is no longer listed is forgotten.
* Where a filter does not do what it says (rows outside it come), everything is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from u8sync.backends.openapi.cache import Cache, Document, Kind, Reading
from u8sync.backends.openapi.client import Client
from u8sync.backends.openapi.documents import (
    FORMS,
    Form,
    amount_of_invoice,
    cost_of_stock_out,
    document_of,
    documents_of_lines,
    line_key,
)
from u8sync.backends.openapi.fields import CODE, Shown, shown
from u8sync.backends.openapi.meanings import NoSuchCallError
from u8sync.backends.openapi.options import OpenApiOptions
from u8sync.backends.openapi.paging import Page, Pager, in_order
from u8sync.backends.openapi.replies import BadReplyError, Row, counters, rows
from u8sync.domain.model import bare
from u8sync.errors import FatalError, TransientError
from u8sync.ports import Progress
from u8sync.text import Message, msg

__all__ = ["Refresher"]

CUSTOMERS: Final = "customers"
BATCH: Final = 200
"""Amounts are noted so many at a time."""

OTHER_PAGE: Final = "19"
"""Rows of a page when those of the setting cut equal lines apart; below every limit, and no part of one."""

SHOWN: Final = 10
"""So many customers are named in a note; the rest is counted."""


@dataclass(frozen=True)
class Refresher:
    """Reads through a client into a cache.

    Attributes:
        client: Where to ask.
        cache: Where to put it.
        pager: How to read lists.
        options: What to read, and how often all of it.
        now: The present instant, aware.
    """

    client: Client
    cache: Cache
    pager: Pager
    options: OpenApiOptions
    now: Callable[[], datetime]

    # --- customers ----------------------------------------------------------------------------------------------------

    def customers(self, progress: Progress | None) -> list[Message]:
        """Bring the customers up to date; returns what people should know of it. Without progress nobody watches."""
        at = self.now()
        last = self.cache.reading(CUSTOMERS)
        with self.cache.refresh():
            notes = self._changed_customers(last, at, progress) if last is not None and self._recent(last, at) else None
            if notes is None:
                notes = self._all_customers(last, at, progress)
        return notes

    def _recent(self, last: Reading, at: datetime) -> bool:
        """Whether a reading in part will do. A clock that was put back makes the last one lie in the future."""
        return timedelta(0) <= at - last.full_at < timedelta(days=self.options.full_read_days) and last.at <= at

    def _changed_customers(self, last: Reading, at: datetime, progress: Progress | None) -> list[Message] | None:
        """Those whose timestamp moved; null: all must be read."""
        if last.latest is None:
            return None
        begin = max(0, last.latest - self.options.timestamp_overlap)
        changed = self._cards({"timestamp_begin": str(begin)}, progress)
        stamps = [card.stamp for card in changed.values()]
        if any(stamp is None or stamp < begin for stamp in stamps):
            return None  # the filter means something else here
        if len(self.cache.codes() | changed.keys()) != self._count():
            return None
        disabled = self._newly_disabled(changed)
        self.cache.put_cards(changed.values())
        latest = max((stamp for stamp in stamps if stamp is not None), default=last.latest)
        self.cache.was_read(CUSTOMERS, replace(last, at=at, latest=max(latest, last.latest)))
        return disabled

    def _all_customers(self, last: Reading | None, at: datetime, progress: Progress | None) -> list[Message]:
        known = self.cache.codes()
        cards = self._cards({}, progress)
        disabled = [] if last is None else self._newly_disabled({c: card for c, card in cards.items() if c in known})
        self.cache.clear_cards()
        self.cache.put_cards(cards.values())
        stamps = [card.stamp for card in cards.values()]
        readable = [stamp for stamp in stamps if stamp is not None]
        latest = max(readable, default=0) if len(readable) == len(stamps) else None
        self.cache.was_read(CUSTOMERS, Reading(full_at=at, at=at, latest=latest))
        vanished = sorted(known - cards.keys())
        if last is None or not vanished:
            return disabled
        return [
            *disabled,
            msg(
                "{count} customer(s) vanished from U8 since {day}: {codes}",
                count=len(vanished),
                day=f"{last.at:%Y-%m-%d}",
                codes=_some(vanished),
            ),
        ]

    def _newly_disabled(self, cards: Mapping[str, Shown]) -> list[Message]:
        now_disabled = [code for code, card in cards.items() if (card.value("end_date") or "").strip()]
        fresh = sorted(set(now_disabled) - self.cache.disabled(now_disabled) & self.cache.codes())
        if not fresh:
            return []
        return [
            msg("{count} customer(s) were disabled in U8 since: {codes}", count=len(fresh), codes=_some(fresh)),
        ]

    def _cards(self, filters: Mapping[str, str], progress: Progress | None) -> dict[str, Shown]:
        heard = (
            {}
            if progress is None
            else {
                "begin": lambda total: progress.start(msg("Reading customers"), total),
                "advance": progress.advance,
            }
        )

        def ask(number: int) -> Page[Shown] | None:
            page = self._page("api/customer/batch_get", ("customer",), filters, number)
            return None if page is None else Page([shown(card) for card in page.rows], page.counters)

        return self.pager.read(ask, lambda card: card.code, **heard)

    def all_cards(self) -> Mapping[str, Shown]:
        """All customers now; the cache is not touched."""
        return self._cards({}, None)

    def _count(self) -> int | None:
        """How many customers there are; null when the server does not say."""
        page = self._page("api/customer/batch_get", ("customer",), {"rows_per_page": "1"}, 1)
        if page is None:
            return 0
        return None if page.counters is None else page.counters.total

    def leaf_classes(self) -> frozenset[str]:
        """The codes of the classes that customers may hang on."""
        return frozenset(
            code
            for code, row in self._classes().items()
            if (row.get("end_rank_flag") or "").strip().lower() in {"1", "true"}
        )

    def class_names(self) -> Mapping[str, str]:
        """Code of a class -> its name; empty where this gateway has no list of classes."""
        try:
            classes = self._classes()
        except NoSuchCallError:
            return {}
        words = {bare(code): bare(row.get("name")) for code, row in classes.items()}
        return {code: name for code, name in words.items() if code is not None and name is not None}

    def _classes(self) -> Mapping[str, Row]:
        """Code -> what the list of customer classes says of it."""
        return self.pager.read(
            lambda number: self._page("api/customerclass/batch_get", ("customerclass",), {}, number),
            lambda row: row.get(CODE) or None,
        )

    # --- documents ----------------------------------------------------------------------------------------------------

    def documents(
        self,
        kind: Kind,
        first: date,
        last: date,
        progress: Progress,
        *,
        approved_by: str,
        also: tuple[date, date] | None = None,
    ) -> None:
        """Bring the documents of a kind up to date, and read the amounts of those between two days.

        Args:
            kind: Which.
            first: First day whose amounts are needed.
            last: Last such day.
            progress: Hears of every document that is read by itself.
            approved_by: The field that is filled once one is approved.
            also: First and last day of others whose amounts are needed; null: none.
        """
        at = self.now()
        what = f"{kind} {approved_by} {self.options.stock_outs if kind == 'stock_out' else ''}".strip()
        known = self.cache.reading(what)
        since = self._first_day(kind, first)
        with self.cache.refresh():
            whole = known is None or not self._recent(known, at) or (known.since or date.min) > (since or date.min)
            begin = since
            if not whole and known is not None:
                begin = (known.at - timedelta(days=self.options.overlap_days)).date()
            try:
                listed = self._listed(kind, begin, approved_by)
            except BadReplyError as bad:
                raise self.odd(FORMS[kind].lists[0][0], bad) from None
            self._merge(kind, listed, begin, whole=whole)
            full_at = at if whole or known is None else known.full_at
            reach = since if whole or known is None else known.since
            self.cache.was_read(what, Reading(full_at=full_at, at=at, since=reach))
        if kind == "invoice" or (kind == "stock_out" and self.options.stock_outs == "single"):
            for days in ((first, last), *([] if also is None else [also])):
                self._amounts(kind, *days, progress)

    def _first_day(self, kind: Kind, first: date) -> date | None:
        """From when on documents are needed; null: from the beginning, for the first sale."""
        wanted = first if kind == "stock_out" else None
        limit = self.options.history_from
        return wanted if limit is None else max(limit, wanted or limit)

    def _listed(self, kind: Kind, begin: date | None, approved_by: str) -> dict[str, Document]:
        filters = {} if begin is None else {"date_begin": begin.isoformat()}
        if kind == "stock_out" and self.options.stock_outs == "flat":
            return {d.id: d for d in documents_of_lines(self._lines(filters), approved_by=approved_by)}
        form = FORMS[kind]
        found = self.pager.read(self._list_call(form, filters), lambda row: row.get(form.id) or None)
        listed = (document_of(kind, row, approved_by=approved_by) for row in found.values())
        return {document.id: document for document in listed if document is not None}

    def _lines(self, filters: Mapping[str, str]) -> Iterable[Row]:
        """The lines of stock-outs."""
        ask = self._list_call(FORMS["stock_out_lines"], filters)

        def keyed(number: int) -> Page[Row] | None:
            page = ask(number)
            if page is None:
                return None
            keys = line_key(page.rows)
            marked = [{**row, _LINE: key} for row, key in zip(page.rows, keys, strict=True)]
            return Page(marked, page.counters)

        try:
            found = self.pager.read(keyed, lambda row: row.get(_LINE))
        except TransientError as error:
            if error.exhausted:
                raise
            # Two equal lines of a document are told apart on one page only; other pages end elsewhere.
            ask = self._list_call(FORMS["stock_out_lines"], {**filters, "rows_per_page": OTHER_PAGE})
            found = self.pager.read(keyed, lambda row: row.get(_LINE))
        return [{key: value for key, value in row.items() if key != _LINE} for row in found.values()]

    def _list_call(self, form: Form, filters: Mapping[str, str]) -> Callable[[int], Page[Row] | None]:
        """Asks for a page of a list, under the first name that the gateway knows."""
        keys = tuple(key for _, key in form.lists)
        query = {**dict(form.filters), **filters}
        chosen: list[str] = []

        def ask(number: int) -> Page[Row] | None:
            if chosen:
                return self._page(chosen[0], keys, query, number)
            refusals: list[FatalError] = []
            for call, _ in form.lists:  # the first page is asked for alone
                try:
                    page = self._page(call, keys, query, number)
                except FatalError as error:
                    refusals.append(error)
                else:
                    chosen.append(call)
                    return page
            # That a name is not known explains nothing when another one is known and fails.
            raise next((one for one in refusals if not isinstance(one, NoSuchCallError)), refusals[0])

        return ask

    def _merge(self, kind: Kind, listed: Mapping[str, Document], begin: date | None, *, whole: bool) -> None:
        """Put what was listed in place of what was known of the same days."""
        known = self.cache.digests(kind, None if whole else begin)
        self.cache.drop_documents(kind, known.keys() - listed.keys())
        fresh = [document for id_, document in listed.items() if known.get(id_) != document.digest]
        self.cache.put_documents(kind, fresh)

    def _amounts(self, kind: Kind, first: date, last: date, progress: Progress) -> None:
        """Read by themselves the documents whose amount is missing. What was read stays when a later one fails."""
        missing = self.cache.incomplete(kind, first, last)
        step = msg("Reading invoices") if kind == "invoice" else msg("Reading stock-outs")
        progress.start(step, len(missing))
        call, _ = FORMS[kind].single

        def ask(number: str) -> tuple[int | None, int, str | None]:
            reply = self.client.get(call, {"id": number})
            if reply is None:
                raise TransientError(
                    msg("The document {number} vanished while it was being read.", number=number),
                    hint=msg("Run the command again."),
                )
            try:
                if kind == "invoice":
                    amount, customer = amount_of_invoice(reply.data, number)
                    return amount, 0, customer
                return (*cost_of_stock_out(reply.data, number), None)
            except BadReplyError as bad:
                raise self.odd(f"{call} {number}", bad) from None

        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            read = list(in_order(self.pager.pool, ask, part, ahead=2 * self.pager.at_once))
            with self.cache.refresh():
                for number, (amount, unpriced, customer) in read:
                    self.cache.set_amount(kind, number, amount, unpriced, customer)
            progress.advance(len(part))

    # --- one page -----------------------------------------------------------------------------------------------------

    def _page(self, call: str, keys: Sequence[str], filters: Mapping[str, str], number: int) -> Page[Row] | None:
        query = {"page_index": str(number), "rows_per_page": str(self.options.rows_per_page), **filters}
        reply = self.client.get(call, query)
        if reply is None:
            return None
        # An empty list has an errcode of its own; none at all might hide every row from us.
        if number == 1 and not any(key in reply.data for key in keys):
            raise self.odd(call, BadReplyError(msg("no list in it")))
        try:
            return Page(rows(reply.data, *keys), counters(reply))
        except BadReplyError as bad:
            raise self.odd(call, bad) from None

    def odd(self, call: str, bad: BadReplyError) -> FatalError:
        """The error for a reply that is no reply of the contract."""
        return FatalError(
            msg(
                "U8 OpenAPI {place}, {call}: the reply is not what the contract says: {what}",
                place=self.client.place,
                call=call.removeprefix("api/"),
                what=bad.what,
            ),
            hint=msg("The gateway does not keep to its own documentation. Ask who runs it."),
        )


_LINE: Final = " line"
"""A name that no key of a reply has."""


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:SHOWN]) + (" …" if len(codes) > SHOWN else "")
