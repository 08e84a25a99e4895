"""Whether mapping, policy and account set fit together: asked once, before any customer is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from u8sync.domain.mapping import CustomerMapping, Field, comes_back
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import ColumnLimit
from u8sync.domain.policy import Condition, Policy, Tier, Weight
from u8sync.errors import Problem
from u8sync.text import Message, listed, msg

__all__ = ["absent_columns", "misfits", "strange_columns", "strange_groups", "tier_misfits", "unjudged", "unseen"]


def misfits(
    mapping: CustomerMapping,
    policy: Policy,
    *,
    way: str,
    columns: Collection[str],
    writable: Mapping[str, ColumnLimit],
) -> tuple[Problem, ...]:
    """Everything in the mapping that this policy or this account set cannot do, in the order of the file.

    Args:
        mapping: The mapping.
        policy: The policy.
        way: Which of the mapping's column names apply.
        columns: The columns that can be read.
        writable: The columns that may be written, with what they accept.
    """
    problems = [*unjudged(mapping, policy, way=way, columns=columns)]
    for field in mapping.fields:
        column = field.columns.get(way)
        if column in columns and column is not None and field.write != "never":
            problems += _unwritable(field, column, policy, writable)
    if not any(field.write != "never" for field in mapping.fields):
        first = mapping.fields[0].place
        problems.append(
            Problem(
                first,
                msg("the mapping writes nothing"),
                msg("Give the field that takes the recommended tier the line 'write: tier'."),
            )
        )
    return tuple(sorted(problems, key=lambda problem: problem.place or mapping.fields[0].place))


def unjudged(mapping: CustomerMapping, policy: Policy, *, way: str, columns: Collection[str]) -> tuple[Problem, ...]:
    """Why customers cannot be judged at all, whatever is written: a column or a group that is not there.

    Args:
        mapping: The mapping.
        policy: The policy.
        way: Which of the mapping's column names apply.
        columns: The columns that can be read.
    """
    return (
        *absent_columns(mapping, mapping.columns(way).values(), way=way, columns=columns),
        *strange_groups(mapping, policy, way=way),
    )


def absent_columns(
    mapping: CustomerMapping, wanted: Collection[str], *, way: str, columns: Collection[str]
) -> tuple[Problem, ...]:
    """The columns among ``wanted`` that the account set does not have, told at the fields that name them.

    ``columns`` are those that can be read in this way into U8.
    """
    return tuple(
        Problem(
            field.place,
            msg("the account set has no readable column '{column}'", column=field.columns[way]),
            _nearest(field.columns[way], columns),
        )
        for field in mapping.fields
        if field.columns.get(way) in wanted and field.columns[way] not in columns
    )


def tier_misfits(mapping: CustomerMapping, policy: Policy) -> tuple[Problem, ...]:
    """The tiers of a policy that some field which takes the tier cannot spell; needs no account set."""
    takers = [field for field in mapping.fields if field.write == "tier"]
    return tuple(_unspelt(field, tier) for tier in policy.tiers for field in takers if not comes_back(field, tier.name))


def strange_groups(mapping: CustomerMapping, policy: Policy, *, way: str) -> Iterator[Problem]:
    """The groups of the policy that the mapping cannot form: no such field in this way into U8, or none of text."""
    known = {
        field.name for field in mapping.fields if field.kind == "text" and (way in field.columns or not field.columns)
    }
    parts: list[Weight | Condition] = [*policy.weights]
    parts += [condition for tier in policy.tiers for condition in tier.conditions]
    for part in parts:
        if part.within is not None and part.within not in known:
            yield Problem(
                part.place,
                msg(
                    "customers are compared within '{field}', and the mapping has no such field of text",
                    field=part.within,
                ),
                msg("Fields: {names}", names=", ".join(sorted(known))),
            )


def _unspelt(field: Field, tier: Tier) -> Problem:
    return Problem(
        tier.place,
        msg("the tier '{tier}' cannot be written into the field '{field}'", tier=tier.name, field=field.name),
        msg("Add it to the field's value table; the field stands at {place}.", place=field.place),
    )


def unseen(mapping: CustomerMapping, policy: Policy, *, way: str) -> tuple[Message, ...]:
    """The metrics that do without a field because this way into U8 does not offer it, though another one does."""
    notes = []
    for field in mapping.fields:
        metrics = [weight.metric for weight in policy.weights if field.name in METRICS[weight.metric].fields]
        if metrics and field.columns and way not in field.columns:
            labels = listed([METRICS[metric].label for metric in metrics], ", ")
            notes.append(
                msg(
                    "This way into U8 does not offer the field '{field}': {metrics} is measured without it.",
                    field=field.name,
                    metrics=labels,
                )
            )
    return tuple(notes)


def strange_columns(mapping: CustomerMapping, usual: Mapping[str, Collection[str]]) -> tuple[Problem, ...]:
    """The columns that the usual customer archive does not have: a slip, or a site of its own kind. A warning.

    Args:
        mapping: The mapping.
        usual: Way into U8 -> the columns that can usually be read there.
    """
    return tuple(
        Problem(
            field.place,
            msg("U8's customer archive usually has no readable column '{column}'", column=column),
            _nearest(column, usual[way]),
        )
        for field in mapping.fields
        for way, column in field.columns.items()
        if way in usual and column not in usual[way]
    )


def _unwritable(field: Field, column: str, policy: Policy, writable: Mapping[str, ColumnLimit]) -> Iterator[Problem]:
    limit = writable.get(column)
    if limit is None:
        yield Problem(
            field.place,
            msg("the account set does not let u8sync write the column '{column}'", column=column),
            msg(
                "Set the self-defined item up in U8 (caption and length), or write another column: {columns}.",
                columns=", ".join(sorted(writable)) or "-",
            ),
        )
        return
    if field.write != "tier":
        return
    for tier in policy.tiers:
        raw = field.raw(tier.name) if comes_back(field, tier.name) else None
        if raw is None:
            yield _unspelt(field, tier)
        elif len(raw) > min(limit.width, field.width or limit.width):
            yield Problem(
                field.place,
                msg(
                    "'{value}' is longer than the {width} characters of '{column}'",
                    value=raw,
                    width=min(limit.width, field.width or limit.width),
                    column=column,
                ),
            )
        elif limit.values is not None and raw not in limit.values:
            yield Problem(
                field.place,
                msg("'{value}' is not among the values that U8 allows in '{column}'", value=raw, column=column),
                msg("Allowed: {values}. Add the value in U8, or change the mapping.", values=_few(limit.values)),
            )


def _few(values: Collection[str]) -> str:
    shown = sorted(values)[:20]
    return ", ".join(shown) + (", …" if len(values) > len(shown) else "") if shown else "-"


def _nearest(name: str, known: Collection[str]) -> Message:
    near = get_close_matches(name, known, n=1)
    if near:
        return msg("Did you mean '{name}'?", name=near[0])
    return msg("Contact, bank and address columns are never read.")
