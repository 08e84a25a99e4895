"""What was noticed about a policy on the customers of an account set: it works, and may be meant otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE
from u8sync.text import Message, Place, listed, msg

__all__ = ["Finding", "FindingKind", "label_of", "labels_of"]

FindingKind = Literal[
    "nobody_rated",
    "tier_empty",
    "quota_idle",
    "quota_cuts",
    "score_unused",
    "metric_unknown",
    "metric_same",
    "ties",
    "band_empty",
    "weight_idle",
    "group_small",
    "group_alone",
    "group_unknown",
    "evidence_strict",
    "pin_expired",
    "pin_soon",
    "pin_unknown",
    "pin_idle",
    "exclude_unknown",
]
"""What was noticed, for machines; the words may change, these names do not."""


@dataclass(frozen=True)
class Finding:
    """One thing noticed.

    Attributes:
        kind: What it is.
        place: Where in the policy file; null when it is about the file as a whole.
        message: What it is in words, with the figures.
        hint: Why, or what to do; null when the message says it all.
        warns: Whether somebody should look at it; if not, it only tells what the policy does.
    """

    kind: FindingKind
    place: Place | None
    message: Message
    hint: Message | None = None
    warns: bool = True


def label_of(subject: str) -> Message:
    """What people call a metric, or the score."""
    return msg("score") if subject == SCORE else METRICS[subject].label


def labels_of(subjects: Iterable[str]) -> Message:
    """Several of them, in this order."""
    return listed([label_of(subject) for subject in subjects], ", ")
