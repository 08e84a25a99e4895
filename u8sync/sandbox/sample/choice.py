"""Which customers a smaller sample takes: every kept value once, then each class in proportion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import polars as pl

from u8sync.sandbox.sample.archive import parts_of
from u8sync.sandbox.sample.disguise import Disguise

__all__ = ["choose"]


def choose(
    raw: pl.DataFrame, count: int, disguise: Disguise, *, buyers: Collection[str], mapped: Sequence[str]
) -> list[str]:
    """Codes of ``count`` customers.

    Args:
        raw: ``n × (code, *columns)``, the whole archive.
        count: How many; all when there are no more.
        disguise: Decides by chance what nothing else decides.
        buyers: Codes of the customers with business, who are one stratum of each class.
        mapped: Columns of which every value shall be there at least once, as far as ``count`` allows.
    """
    codes = disguise.order(raw["code"].to_list(), "choice")
    if count >= len(codes):
        return codes
    chosen = dict.fromkeys(_one_of_each(raw, codes, mapped)[:count])
    strata: dict[tuple[str, bool], list[str]] = defaultdict(list)
    classes = dict(raw.select("code", "cCCCode").iter_rows()) if "cCCCode" in raw.columns else {}
    for code in codes:
        strata[classes.get(code) or "", code in buyers].append(code)
    taken = {stratum: sum(code in chosen for code in members) for stratum, members in strata.items()}
    left = {stratum: [code for code in members if code not in chosen] for stratum, members in strata.items()}
    # Whoever is furthest behind its share comes next: proportional, and exact to one customer.
    while len(chosen) < count:
        stratum = max(
            (one for one in left if left[one]), key=lambda one: len(strata[one]) * count / len(codes) - taken[one]
        )
        chosen[left[stratum].pop(0)] = None
        taken[stratum] += 1
    return list(chosen)


def _one_of_each(raw: pl.DataFrame, codes: Sequence[str], mapped: Iterable[str]) -> list[str]:
    """The first customer with each value of the mapped columns."""
    columns = [column for column in mapped if column in raw.columns]
    held = {code: values for code, *values in raw.select("code", *columns).iter_rows()}
    seen: set[tuple[int, str]] = set()
    found = []
    for code in codes:
        new = {(at, part) for at, value in enumerate(held[code]) for part in parts_of(value)} - seen
        if new:
            seen |= new
            found.append(code)
    return found
