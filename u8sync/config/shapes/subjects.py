"""The names that a mapping gives to its fields, and those that a policy knows: metrics and the score.

Apart from ``words.py`` because the domain decides which they are: the configuration has none of them, and who only
reads that needs no domain.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from u8sync.config.checking import did_you_mean, shown
from u8sync.domain.metrics import DOCUMENTS, HISTORY_DAYS, METRICS
from u8sync.domain.policy import SCORE
from u8sync.domain.tiers import CAUSE, CURRENT, TIER
from u8sync.text import msg

__all__ = ["FIELD", "FieldName", "Metric", "Subject"]

FIELD: Final = "^[a-z][a-z0-9_]{0,63}$"
_RESERVED: Final = frozenset(
    {CAUSE, CURRENT, SCORE, TIER, "set_aside", "eligible", "rated", "has_business", "counted_weight"}
    | {DOCUMENTS, HISTORY_DAYS, *METRICS}
)
"""Columns of the frame in which the decision is made; a field of that name would be overwritten there."""


def _field_name(value: str) -> str:
    if not re.fullmatch(FIELD, value):
        raise ValueError(
            msg("'{name}' is not a field name", name=shown(value)),
            msg("A field name has small letters, digits and '_' only, and begins with a letter."),
        )
    if value in _RESERVED:
        raise ValueError(msg("the field name '{name}' is taken by u8sync itself", name=value))
    return value


def _metric(value: str) -> str:
    if value not in METRICS:
        raise ValueError(msg("unknown metric '{name}'", name=shown(value)), did_you_mean(value, tuple(METRICS)))
    return value


def _subject(value: str) -> str:
    return value if value == SCORE else _metric(value)


FieldName = Annotated[str, AfterValidator(_field_name), WithJsonSchema({"type": "string", "pattern": FIELD})]
Metric = Annotated[str, AfterValidator(_metric)]
Subject = Annotated[str, AfterValidator(_subject)]
