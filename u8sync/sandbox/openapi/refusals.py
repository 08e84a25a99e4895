"""What the served U8 refuses, with an error code and a sentence as an ERP would say it.

Only ``0`` (done) and ``20002`` (nothing found) are public. **All other codes here are stand-ins**: no page and no
client names the true ones, and a client that looks at them is wrong. The sentences are stand-ins likewise, save that
of 20002.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Code", "RefusalError", "not_found"]


class Code(StrEnum):
    """Error codes; made up, save the first two."""

    DONE = "0"
    NOT_FOUND = "20002"
    CALLER = "99001"
    APP = "99002"
    SECRET = "99003"  # noqa: S105 - an error code
    TOKEN = "99004"  # noqa: S105 - an error code
    NOT_APPROVED = "99005"
    DATA_SOURCE = "99006"
    RELAY = "99007"
    PARAMETER = "99010"
    BODY = "99011"
    EAI = "99020"
    BUSY = "99030"
    RESULT = "99040"


class RefusalError(Exception):
    """A call is answered with an error code.

    Attributes:
        code: The error code.
        text: The sentence for ``errmsg``.
        violation: Whether the client has broken the contract, so that a test of it should fail.
    """

    def __init__(self, code: str, text: str, *, violation: bool = False) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.violation = violation


def not_found(what: str) -> RefusalError:
    """Nothing of this kind fits the question; ``what`` is its Chinese name."""
    return RefusalError(Code.NOT_FOUND, f"未检索到匹配的[{what}]。")
