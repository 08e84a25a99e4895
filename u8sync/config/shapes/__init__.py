"""The shapes of the five kinds of files that people write: which keys there are, and what each may hold.

What lives here: pydantic models, one for each group of keys, with the sentence that an editor shows for each key
(Chinese and English). What does not: checks that look at several keys at once; they stand with the loaders. The idea:
one source for the check, the JSON Schema and the explanation.
"""

from __future__ import annotations

from u8sync.config.shapes.cases import CaseShape, CasesShape, IssuesUse, ValueUse, Way
from u8sync.config.shapes.fleet import FleetShape
from u8sync.config.shapes.mapping import ColumnsShape, FieldShape, MappingShape, RuleShape, TableShape
from u8sync.config.shapes.policy import (
    BandShape,
    BoundsShape,
    MovementShape,
    PinShape,
    PolicyShape,
    QuotaShape,
    TierShape,
    WeightShape,
    WindowShape,
)
from u8sync.config.shapes.settings import AccountSetShape, AnchorShape, DatabaseAnchorShape, KeyShape, SettingsShape
from u8sync.config.shapes.uses import OperatorUse, TestUse

__all__ = [
    "AccountSetShape",
    "AnchorShape",
    "BandShape",
    "BoundsShape",
    "CaseShape",
    "CasesShape",
    "ColumnsShape",
    "DatabaseAnchorShape",
    "FieldShape",
    "FleetShape",
    "IssuesUse",
    "KeyShape",
    "MappingShape",
    "MovementShape",
    "OperatorUse",
    "PinShape",
    "PolicyShape",
    "QuotaShape",
    "RuleShape",
    "SettingsShape",
    "TableShape",
    "TestUse",
    "TierShape",
    "ValueUse",
    "Way",
    "WeightShape",
    "WindowShape",
]
