"""What to do when the gateway refuses, from the step at which it did and from its words.

No table of the gateway's error codes is public. Its words are free Chinese text, so that a word in them is only a hint
at what to check, and the words themselves are always shown beside it. The first row that fits counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from u8sync.backends.openapi.meanings import Step
from u8sync.text import Message, msg

__all__ = ["advice_for"]

_BY_WORDS: Final[tuple[tuple[str, Message], ...]] = (
    (
        "数据源|datasource|data source|ds_sequence",
        msg("Set the data source of the app up on the open platform, and put its number into 'ds_sequence'."),
    ),
    (
        "离线|未启动|未运行|不在线|未在线|中继|中转|转发|offline|relay",
        msg("Start the relay program (用友开放平台客户端) on the U8 server; it must run all the time."),
    ),
    (
        "授权|审批|审核|批准|approv|authori[sz]",
        msg("The enterprise must approve the app on the open platform; check 'to_account' too."),
    ),
    (
        "secret|密钥|秘钥",
        msg("Check the app's secret at the place that 'app_secret' names. It was tried once and not again."),
    ),
    ("app_?key|应用", msg("Check 'app_key': the code of the app on the open platform.")),
    (
        "from_account|to_account|调用方|提供方|账号|帐号|企业",
        msg("Check 'from_account' (who calls) and 'to_account' (whose U8 it is)."),
    ),
    ("EAI", msg("U8's EAI refused it. Check on the U8 server that EAI is set up for this account set.")),
)
"""Words that a refusal may hold (guessed: no list is public), and what to check."""

_BY_STEP: Final[Mapping[Step, Message]] = {
    "token": msg("Check from_account, app_key and app_secret. The login was tried once and not again."),
    "read": msg("'u8sync doctor' tries one step after the other and says which one fails."),
    "edit": msg("'u8sync doctor' tries one step after the other and says which one fails."),
}


def advice_for(words: str, step: Step) -> Message:
    """What to check."""
    for pattern, advice in _BY_WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return advice
    return _BY_STEP[step]
