"""One thing of the customer archive under the names of each way into U8: for whoever writes a mapping that serves both.

What lives here: which column of the table is which field of the OpenAPI. What does not: what each of them holds
(``u8_schema.py``, ``openapi/fields.py``). A field that only one way offers has one name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

__all__ = ["ITEMS", "KNOWN_FIELDS"]

KNOWN_FIELDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "code": {"sql": "cCusCode", "openapi": "code"},
        "name": {"sql": "cCusName", "openapi": "name"},
        "management_type": {"sql": "cCusMngTypeCode", "openapi": "ccusmngtypecode"},
        "category": {"sql": "cCCCode", "openapi": "sort_code"},
        "region": {"sql": "cDCCode", "openapi": "domain_code"},
        "developed_on": {"sql": "dCusDevDate", "openapi": "seed_date"},
        "created_on": {"sql": "dCusCreateDatetime"},
        "disabled_on": {"sql": "dEndDate", "openapi": "end_date"},
    }
)
"""Field of a mapping -> way into U8 -> column there."""

ITEMS: Final[Sequence[Mapping[str, str]]] = tuple(
    MappingProxyType({"sql": f"cCusDefine{n}", "openapi": f"self_define{n}"}) for n in range(1, 17)
)
"""The self-defined items, the first one first: way into U8 -> column there."""
