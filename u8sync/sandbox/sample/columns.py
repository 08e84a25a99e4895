"""What becomes of each column of the customer archive in a sample: one decision a column, none by default."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["TREATMENTS", "Treatment"]

Treatment = Literal["code", "name", "short_name", "alias", "day", "kept", "shaped", "amount", "left_out"]
"""What is done:

* ``code``: a customer's code, replaced by its pseudonym; ``name``, ``short_name``: made up.
* ``alias``: a code of somebody or something else, replaced by a running number.
* ``day``: moved within its month; ``amount``: multiplied by the customer's factor.
* ``kept``: as it is, because it is structure that a mapping needs and that many customers share.
* ``shaped``: kept where enough customers share it or the mapping knows it, else letters and digits are replaced.
* ``left_out``: empty.
"""

TREATMENTS: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        "cCusCode": "code",
        "cCusName": "name",
        "cCusAbbName": "short_name",
        "cCCCode": "kept",
        "cDCCode": "kept",
        "cTrade": "shaped",
        "cCusTradeCCode": "kept",
        "cCusMngTypeCode": "kept",
        "CustomerKCode": "kept",
        "cCusCreGrade": "kept",
        "iCostGrade": "kept",
        "account_type": "kept",
        "cCusHeadCode": "code",
        "cCusCreditCompany": "code",
        "cInvoiceCompany": "code",
        "cCusDepart": "alias",
        "cCusPPerson": "alias",
        "bCredit": "kept",
        "iCusCreLine": "amount",
        "iCusCreDate": "kept",
        "bCusState": "kept",
        "bCusDomestic": "kept",
        "bCusOverseas": "kept",
        "dCusDevDate": "day",
        "dEndDate": "day",
        "dCusCreateDatetime": "day",
        "dModifyDate": "day",
        "dLastDate": "day",
        "iLastMoney": "amount",
        "dLRDate": "day",
        "iLRMoney": "amount",
        "iARMoney": "amount",
        "iFrequency": "left_out",
        "iId": "left_out",
        "cCusExch_name": "kept",
        **{f"cCusDefine{number}": "shaped" for number in range(1, 15)},
        **{f"cCusDefine{number}": "day" for number in range(15, 17)},
        "pubufts": "left_out",
    }
)
"""Column of the archive -> what becomes of it. ``iId`` often holds the customer's code."""
