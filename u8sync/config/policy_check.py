"""The linter of a policy file: what the keys of a policy must keep together.

Gaps and overlaps of bands (``band_check.py``), tiers that nobody can reach, weights that do nothing, conditions that
ask for nothing: all of them are found without looking at a single customer, and told with file and line. The idea: a
policy that loads gives every customer exactly one tier, and no part of it is idle.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from u8sync.config.band_check import WHOLE, amounts_hint, check_weight, highest_score
from u8sync.config.checking import examine, shown
from u8sync.config.findings import Findings
from u8sync.config.located_yaml import Located, Route
from u8sync.config.shapes.policy import BoundsShape, PinShape, TierShape, WeightShape, WindowShape
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE
from u8sync.errors import Problem
from u8sync.text import msg

__all__ = ["policy_problems"]


def policy_problems(located: Located) -> list[Problem]:
    """Everything that is wrong with the parts of a policy taken together; their shapes are examined elsewhere."""
    found = Findings(located, [])
    _check_window(found)
    weights = dict(found.usable("score", WeightShape))
    for metric, weight in weights.items():
        if metric in METRICS:
            check_weight(found, metric, weight)
    if len(weights) == len(found.names("score")) > 0:
        _check_sum(found, weights)
    else:
        weights = {}
    tiers = _check_ladder(found, weights)
    _check_groups(found)
    _check_pins(found, tiers)
    return found.problems


def _check_window(found: Findings) -> None:
    """The window as a whole, when each of its keys can be read."""
    window = examine(found.located, ("window",), WindowShape)
    if isinstance(window, list) or not isinstance(found.located.at(("window",)), dict):
        return
    if window.months is None and window.fiscal_year is None:
        found.add(found.key("window"), msg("the window needs 'months' or 'fiscal_year'"))
    elif window.months is not None and window.fiscal_year is not None:
        message = msg("the window has both 'months' and 'fiscal_year': which one counts?")
        found.add(found.key("window", "fiscal_year"), message, msg("Take one of the two out."))
    elif window.fiscal_year == "last" and window.until != "as_of":
        message = msg("'until' does nothing here: the last fiscal year is over, whatever the day")
        found.add(found.key("window", "until"), message, msg("Take it out."))


# --- weights ----------------------------------------------------------------------------------------------------------


def _check_sum(found: Findings, weights: Mapping[str, WeightShape]) -> None:
    total = sum(weight.weight for weight in weights.values())
    if total != WHOLE:
        found.add(found.key("score"), msg("the weights add up to {total}, not to {whole}", total=total, whole=WHOLE))


# --- the ladder -------------------------------------------------------------------------------------------------------


def _check_ladder(found: Findings, weights: Mapping[str, WeightShape]) -> dict[int, TierShape]:
    """What is wrong with single tiers, and with their order when every one of them can be read; returns those."""
    entries = found.located.at(("tiers",))
    if not isinstance(entries, list):
        return {}
    tiers: dict[int, TierShape] = {}
    for index in range(len(entries)):
        shape = examine(found.located, ("tiers", index), TierShape)
        if not isinstance(shape, list):
            tiers[index] = shape
    for index, shape in tiers.items():
        for subject, bounds in shape.when.items():
            _check_bounds(found, ("tiers", index, "when", subject), subject, bounds)
        _check_quota(found, index, shape)
    _check_names(found, tiers)
    if len(tiers) == len(entries) > 1:
        _check_ends(found, tiers)
        _check_order(found, tiers)
        _check_reachable(found, tiers)
        if weights:
            _check_score_reachable(found, tiers, highest_score(weights.values()))
    return tiers


def _check_bounds(found: Findings, route: Route, subject: str, bounds: BoundsShape) -> None:
    """One condition."""
    low, high = bounds.at_least, bounds.below
    ranked = bounds.top_percent is not None or bounds.top_share is not None
    if low is None and high is None and not ranked:
        message = msg("a condition needs 'at_least', 'below', 'top_percent' or 'top_share'")
        found.add(found.key(*route), message)
    if low is not None and high is not None and low >= high:
        message = msg("'at_least' ({low}) must be less than 'below' ({high})", low=low, high=high)
        found.add(found.value(*route, "at_least"), message)
    for key, bound in (("at_least", low), ("below", high)):
        if subject == SCORE and bound is not None and not 0 <= bound <= WHOLE:
            message = msg("a score lies between 0 and {whole}, so {bound} is not possible", whole=WHOLE, bound=bound)
            found.add(found.value(*route, key), message)
    if bounds.within is not None and not ranked:
        found.add(
            found.key(*route, "within"), msg("'within' belongs to 'top_percent' and 'top_share'; here it does nothing")
        )
    if bounds.top_share is not None and (subject == SCORE or not METRICS[subject].additive):
        found.add(
            found.key(*route, "top_share"),
            msg("'{metric}' is no amount that could be added up over customers", metric=subject),
            amounts_hint(),
        )
    for key in ("top_percent", "top_share"):
        if getattr(bounds, key) == WHOLE:
            found.add(
                found.value(*route, key), msg("{whole} percent are all customers: it asks for nothing", whole=WHOLE)
            )


def _check_quota(found: Findings, index: int, shape: TierShape) -> None:
    quota = shape.at_most
    if quota is None:
        return
    route = ("tiers", index, "at_most")
    if (quota.percent is None) == (quota.customers is None):
        found.add(found.key(*route), msg("'at_most' takes either 'percent' or 'customers'"))
    if shape.without_business:
        found.add(
            found.key(*route), msg("the tier for customers without business takes everybody, so it has no 'at_most'")
        )


def _check_names(found: Findings, tiers: Mapping[int, TierShape]) -> None:
    """Each name once."""
    first: dict[str, int] = {}
    for index, tier in tiers.items():
        above = first.setdefault(tier.name, index)
        if above != index:
            place = found.value("tiers", above, "name")
            message = msg("'{name}' stands here again; it stands first at {first}", name=tier.name, first=place)
            found.add(found.value("tiers", index, "name"), message)


def _check_ends(found: Findings, tiers: Mapping[int, TierShape]) -> None:
    """The last tier is for customers without business, and the one before it takes every other customer."""
    last = len(tiers) - 1
    without = [index for index, tier in tiers.items() if tier.without_business]
    if not without:
        found.add(
            found.value("tiers", last),
            msg("the last tier must be the one for customers without business"),
            msg("Give it 'without_business: true'."),
        )
    for index in without:
        place = found.value("tiers", index, "without_business")
        if index != last:
            found.add(place, msg("only the last tier can be the one for customers without business"))
        if tiers[index].when:
            message = msg("the tier for customers without business takes no 'when'")
            found.add(found.key("tiers", index, "when"), message)
    if without == [last] and (tiers[last - 1].when or tiers[last - 1].at_most is not None):
        key = "when" if tiers[last - 1].when else "at_most"
        found.add(
            found.key("tiers", last - 1, key),
            msg("the last tier before the one for customers without business takes no '{key}'", key=key),
            msg("Otherwise a customer that meets no condition would get no tier."),
        )


def _check_reachable(found: Findings, tiers: Mapping[int, TierShape]) -> None:
    """No tier stands below one that takes everybody whom it would take."""
    above: list[TierShape] = []
    for index, tier in tiers.items():
        if tier.without_business:
            continue
        taker = next((one for one in above if one.at_most is None and _takes_all_of(one, tier)), None)
        if taker is not None and not taker.when:
            message = msg(
                "the tier '{tier}' can never be reached: '{above}' has no 'when' and takes every customer",
                tier=tier.name,
                above=taker.name,
            )
            found.add(found.value("tiers", index), message)
        elif taker is not None and not _asks_for_less(taker, tier):
            message = msg(
                "the tier '{tier}' can never be reached: who meets its conditions meets those of '{above}' as well",
                tier=tier.name,
                above=taker.name,
            )
            found.add(found.value("tiers", index), message)
        above.append(tier)


def _asks_for_less(above: TierShape, tier: TierShape) -> bool:
    """Whether the order of the scores is what is wrong, which is told by itself."""
    low, wanted = (one.when.get(SCORE) for one in (tier, above))
    return (
        low is not None
        and wanted is not None
        and low.at_least is not None
        and wanted.at_least is not None
        and low.at_least >= wanted.at_least
    )


def _takes_all_of(above: TierShape, tier: TierShape) -> bool:
    """Whether every customer that meets the conditions of ``tier`` meets those of ``above``."""
    return all(subject in tier.when and _implies(tier.when[subject], wanted) for subject, wanted in above.when.items())


def _implies(given: BoundsShape, wanted: BoundsShape) -> bool:
    """Whether who keeps the first bounds keeps the others."""
    low = wanted.at_least is None or (given.at_least is not None and given.at_least >= wanted.at_least)
    high = wanted.below is None or (given.below is not None and given.below <= wanted.below)
    places = all(
        top is None or (own is not None and own <= top and given.within == wanted.within)
        for own, top in ((given.top_percent, wanted.top_percent), (given.top_share, wanted.top_share))
    )
    return low and high and places


def _check_order(found: Findings, tiers: Mapping[int, TierShape]) -> None:
    """The higher the tier, the higher the score that it asks for."""
    above: tuple[str, Decimal] | None = None
    for index, tier in tiers.items():
        bounds = tier.when.get(SCORE)
        if bounds is None or bounds.at_least is None:
            continue
        if above is not None and bounds.at_least >= above[1]:
            message = msg(
                "must be less than {bound}, the score that the higher tier '{above}' asks for",
                bound=above[1],
                above=above[0],
            )
            found.add(found.value("tiers", index, "when", SCORE, "at_least"), message)
        above = (tier.name, bounds.at_least)


def _check_score_reachable(found: Findings, tiers: Mapping[int, TierShape], highest: Decimal) -> None:
    for index, tier in tiers.items():
        bounds = tier.when.get(SCORE)
        if bounds is not None and bounds.at_least is not None and highest < bounds.at_least <= WHOLE:
            found.add(
                found.value("tiers", index, "when", SCORE, "at_least"),
                msg(
                    "the tier '{tier}' can never be reached: the bands give a score of {highest} at most",
                    tier=tier.name,
                    highest=highest.quantize(Decimal("0.01")),
                ),
            )


# --- groups and pins --------------------------------------------------------------------------------------------------


def _check_groups(found: Findings) -> None:
    smallest = found.located.at(("smallest_group",))
    if smallest is None or _names_group(found.located.at(("score",))) or _names_group(found.located.at(("tiers",))):
        return
    found.add(
        found.key("smallest_group"), msg("no 'within' compares customers in groups, so 'smallest_group' does nothing")
    )


def _names_group(value: object) -> bool:
    if isinstance(value, Mapping):
        return "within" in value or any(_names_group(part) for part in value.values())
    return isinstance(value, list) and any(_names_group(part) for part in value)


def _check_pins(found: Findings, tiers: Mapping[int, TierShape]) -> None:
    """Each customer once, into a tier that there is, and not excluded."""
    entries = found.located.at(("pins",))
    excluded = found.located.at(("exclude",))
    names = {tier.name for tier in tiers.values()}
    first: dict[str, int] = {}
    for index in range(len(entries) if isinstance(entries, list) else 0):
        pin = examine(found.located, ("pins", index), PinShape)
        if isinstance(pin, list):
            continue
        if tiers and pin.tier not in names:
            found.add(
                found.value("pins", index, "tier"),
                msg("there is no tier '{tier}'", tier=shown(pin.tier)),
                msg("Tiers: {names}.", names=", ".join(tier.name for tier in tiers.values())),
            )
        above = first.setdefault(pin.customer, index)
        if above != index:
            found.add(
                found.value("pins", index, "customer"),
                msg(
                    "'{name}' stands here again; it stands first at {first}",
                    name=shown(pin.customer),
                    first=found.value("pins", above, "customer"),
                ),
            )
        if isinstance(excluded, list) and pin.customer in excluded:
            found.add(
                found.value("pins", index, "customer"),
                msg("'{name}' is excluded and gets no tier, so the pin does nothing", name=shown(pin.customer)),
            )
